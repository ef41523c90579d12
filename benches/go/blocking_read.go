package main

import (
	"bytes"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
)

const pageSize, pages = 4096, 251

// blockingRead has 64 goroutines read pages of one file, which the system has in memory.
func blockingRead(file *os.File) (uint64, error) {
	const tasks, reads = 64, 200
	var all sync.WaitGroup
	var right atomic.Uint64
	all.Add(tasks)
	for task := range int64(tasks) {
		go func() {
			defer all.Done()
			page := make([]byte, pageSize)
			sum := uint64(0)
			for read := range int64(reads) {
				n := (task + read) % pages
				if _, err := file.ReadAt(page, n*pageSize); err != nil {
					return
				}
				if page[0] == byte(n) && page[pageSize-1] == byte(n) {
					sum++
				}
			}
			right.Add(sum)
		}()
	}
	all.Wait()
	if right.Load() != tasks*reads {
		return 0, fmt.Errorf("blocking_read: %d pages", right.Load())
	}
	return tasks * reads, nil
}

// openPages makes the file, of which only the open handle is left. Each page is filled with its
// number.
func openPages() (*os.File, error) {
	file, err := os.CreateTemp("", "gort-benches-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, err
	}
	for n := range pages {
		if _, err := file.Write(bytes.Repeat([]byte{byte(n)}, pageSize)); err != nil {
			return nil, err
		}
	}
	return file, nil
}
