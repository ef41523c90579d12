package main

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// timers sets a million timers and stops them before they are due. A timer with a channel is only
// set while somebody waits for it, so these have a function.
func timers() (uint64, error) {
	const count = 1_000_000
	set := make([]*time.Timer, count)
	var fired atomic.Uint64
	for n := range set {
		set[n] = time.AfterFunc(time.Hour+time.Duration(n)*time.Millisecond, func() { fired.Add(1) })
	}
	for _, timer := range set {
		if !timer.Stop() {
			return 0, fmt.Errorf("timers: one fired")
		}
	}
	return count, nil
}

// timerChurn puts a time limit around one yield, again and again, in 1000 goroutines. A timer with
// a function is the cheapest limit; a context with a timeout costs one too.
func timerChurn() (uint64, error) {
	const tasks, limits = 1000, 100
	var all sync.WaitGroup
	var kept, exceeded atomic.Uint64
	expire := func() { exceeded.Add(1) }
	all.Add(tasks)
	for range tasks {
		go func() {
			stopped := uint64(0)
			for range limits {
				limit := time.AfterFunc(10*time.Second, expire)
				runtime.Gosched()
				if limit.Stop() {
					stopped++
				}
			}
			kept.Add(stopped)
			all.Done()
		}()
	}
	all.Wait()
	if kept.Load() != tasks*limits || exceeded.Load() != 0 {
		return 0, fmt.Errorf("timer_churn: %d limits kept", kept.Load())
	}
	return tasks * limits, nil
}

// sleepers runs 100 000 goroutines that sleep once: how late they wake, and what it costs.
func sleepers() (sample, error) {
	const tasks = 100_000
	before := cpuTime()
	var all sync.WaitGroup
	late := make([]uint32, tasks)
	all.Add(tasks)
	for n := range uint64(tasks) {
		go func() {
			length := 100*time.Millisecond + time.Duration(n*2_654_435_761%500_000_000)
			due := time.Now().Add(length)
			time.Sleep(length)
			late[n] = uint32(max(time.Since(due).Nanoseconds(), 0))
			all.Done()
		}()
	}
	all.Wait()
	used := cpuTime() - before
	slices.Sort(late)
	return sample{Operations: tasks, Figures: map[string]float64{
		"p50": percentileMicros(late, 50),
		"p99": percentileMicros(late, 99),
		"cpu": float64(used.Nanoseconds()) / 1e3 / tasks,
	}}, nil
}
