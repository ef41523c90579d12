package main

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// pingPong runs 1000 pairs of goroutines, each exchanging one message both ways.
func pingPong() (uint64, error) {
	const pairs = 1000
	var all sync.WaitGroup
	var sum atomic.Uint64
	all.Add(pairs)
	for n := uint64(0); n < pairs; n++ {
		go func() {
			sum.Add(pair(n))
			all.Done()
		}()
	}
	all.Wait()
	if sum.Load() != pairs*(pairs+1)/2 {
		return 0, fmt.Errorf("ping_pong: sum %d", sum.Load())
	}
	return pairs, nil
}

func pair(n uint64) uint64 {
	ping, pong := make(chan uint64, 1), make(chan uint64, 1)
	go func() { pong <- <-ping + 1 }()
	ping <- n
	return <-pong
}
