package main

import (
	"fmt"
	"sync"
)

// spawnAwait starts a goroutine and waits for its result, one after the other.
func spawnAwait() (uint64, error) {
	const tasks = 1000
	result := make(chan uint64, 1)
	var sum uint64
	for n := uint64(0); n < tasks; n++ {
		go func() { result <- n }()
		sum += <-result
	}
	if sum != tasks*(tasks-1)/2 {
		return 0, fmt.Errorf("spawn_await: sum %d", sum)
	}
	return tasks, nil
}

// spawnFanout starts 100 000 goroutines and waits until all have run.
func spawnFanout() (uint64, error) {
	const tasks = 100_000
	var all sync.WaitGroup
	all.Add(tasks)
	for n := 0; n < tasks; n++ {
		go func() { all.Done() }()
	}
	// A goroutine too many panics, one too few never lets Wait return.
	all.Wait()
	return tasks, nil
}

// chainedSpawn has each goroutine start the next one and end; the last one tells.
func chainedSpawn() (uint64, error) {
	const links = 1000
	last := make(chan uint64, 1)
	link(0, links, last)
	if n := <-last; n != links {
		return 0, fmt.Errorf("chained_spawn: %d links", n)
	}
	return links, nil
}

func link(n, links uint64, last chan<- uint64) {
	if n == links {
		last <- n
		return
	}
	go link(n+1, links, last)
}
