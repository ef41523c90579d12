package main

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const turn = 100 * time.Millisecond

// compute keeps the thread busy for one turn.
func compute() {
	for start := time.Now(); time.Since(start) < turn; {
	}
}

// block keeps the thread waiting for one turn, in a system call.
func block() {
	left := syscall.NsecToTimespec(turn.Nanoseconds())
	for syscall.Nanosleep(&left, &left) == syscall.EINTR {
	}
}

// hogs tells how late sleeps of 1 ms end beside one hog for each P.
func hogs(hog func()) (sample, error) {
	const sleepers, turns, length = 100, 10, time.Millisecond
	var over atomic.Bool
	var hogging, sleeping sync.WaitGroup
	late := make([][]uint32, sleepers)
	for n := range sleepers {
		sleeping.Go(func() {
			for !over.Load() {
				due := time.Now().Add(length)
				time.Sleep(length)
				late[n] = append(late[n], uint32(max(time.Since(due).Nanoseconds(), 0)))
			}
		})
	}
	for range runtime.GOMAXPROCS(0) {
		hogging.Go(func() {
			for range turns {
				hog()
				runtime.Gosched()
			}
		})
	}
	hogging.Wait()
	over.Store(true)
	sleeping.Wait()
	all := slices.Concat(late...)
	slices.Sort(all)
	return sample{Operations: uint64(len(all)), Figures: map[string]float64{
		"p50": percentileMicros(all, 50),
		"p99": percentileMicros(all, 99),
	}}, nil
}
