package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// yieldNow runs goroutines that do nothing but yield.
func yieldNow(tasks int, yields uint64) (uint64, error) {
	var all sync.WaitGroup
	var sum atomic.Uint64
	all.Add(tasks)
	for n := 0; n < tasks; n++ {
		go func() {
			var yielded uint64
			for yielded < yields {
				runtime.Gosched()
				yielded++
			}
			sum.Add(yielded)
			all.Done()
		}()
	}
	all.Wait()
	if sum.Load() != uint64(tasks)*yields {
		return 0, fmt.Errorf("yield: %d yields", sum.Load())
	}
	return sum.Load(), nil
}
