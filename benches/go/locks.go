package main

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// mutex adds to one number under a mutex, in as many goroutines as asked for.
func mutex(tasks int) (uint64, error) {
	const additions = 100_000
	var all sync.WaitGroup
	var lock sync.Mutex
	number := 0
	all.Add(tasks)
	for range tasks {
		go func() {
			for range additions / tasks {
				lock.Lock()
				number++
				lock.Unlock()
			}
			all.Done()
		}()
	}
	all.Wait()
	if number != additions {
		return 0, fmt.Errorf("mutex: %d additions", number)
	}
	return additions, nil
}

// waitgroup waits for groups of ten goroutines, one group after the other.
func waitgroup() (uint64, error) {
	const groups, tasks = 100, 10
	var group sync.WaitGroup
	var ran atomic.Uint64
	for n := uint64(1); n <= groups; n++ {
		group.Add(tasks)
		for range tasks {
			go func() {
				ran.Add(1)
				group.Done()
			}()
		}
		group.Wait()
		if ran.Load() != n*tasks {
			return 0, fmt.Errorf("waitgroup: %d tasks in %d groups", ran.Load(), n)
		}
	}
	return groups * tasks, nil
}
