package main

import (
	"bufio"
	"fmt"
	"os"
	"sync"
)

// parked tells what a million goroutines that wait for something occupy, stacks included.
func parked() (sample, error) {
	const batches, tasks = 1000, 1000
	before, err := resident()
	if err != nil {
		return sample{}, err
	}
	never := make(chan struct{})
	for range batches {
		var all sync.WaitGroup
		all.Add(tasks)
		for range tasks {
			go func() {
				all.Done()
				<-never
			}()
		}
		all.Wait()
	}
	after, err := resident()
	if err != nil {
		return sample{}, err
	}
	figures := map[string]float64{"memory": float64(after-before) / (batches * tasks)}
	return sample{Operations: batches * tasks, Figures: figures}, nil
}

// resident is the memory this process occupies, in bytes.
func resident() (uint64, error) {
	rollup, err := os.Open("/proc/self/smaps_rollup")
	if err != nil {
		return 0, err
	}
	defer rollup.Close()
	lines := bufio.NewScanner(rollup)
	for lines.Scan() {
		var kib uint64
		if n, _ := fmt.Sscanf(lines.Text(), "Rss: %d kB", &kib); n == 1 {
			return kib * 1024, nil
		}
	}
	return 0, fmt.Errorf("parked: /proc/self/smaps_rollup has no Rss")
}
