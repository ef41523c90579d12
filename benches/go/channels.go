package main

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// chanSpsc sends numbers from one goroutine to another; without a buffer it is
// BenchmarkContextSwitch.
func chanSpsc(capacity int) (uint64, error) {
	const messages = 20_000
	channel := make(chan uint64, capacity)
	received := make(chan error, 1)
	go func() {
		for n := uint64(0); n < messages; n++ {
			channel <- n
		}
		close(channel)
	}()
	go func() {
		count := uint64(0)
		for n := range channel {
			if n != count {
				received <- fmt.Errorf("chan_spsc: %d is followed by %d", count, n)
				return
			}
			count++
		}
		if count != messages {
			received <- fmt.Errorf("chan_spsc: %d messages", count)
		}
		received <- nil
	}()
	return messages, <-received
}

// chanMpmc sends numbers from four goroutines to four others.
func chanMpmc(capacity int) (uint64, error) {
	const tasks, messages = 4, 5000
	channel := make(chan uint64, capacity)
	var senders, receivers sync.WaitGroup
	var count, sum atomic.Uint64
	for range tasks {
		receivers.Add(1)
		go func() {
			received, added := uint64(0), uint64(0)
			for n := range channel {
				received++
				added += n
			}
			count.Add(received)
			sum.Add(added)
			receivers.Done()
		}()
	}
	for n := uint64(0); n < tasks; n++ {
		senders.Add(1)
		go func() {
			for message := uint64(0); message < messages; message++ {
				channel <- n*messages + message
			}
			senders.Done()
		}()
	}
	senders.Wait()
	close(channel)
	receivers.Wait()
	const all = tasks * messages
	if count.Load() != all || sum.Load() != all*(all-1)/2 {
		return 0, fmt.Errorf("chan_mpmc: %d numbers, sum %d", count.Load(), sum.Load())
	}
	return all, nil
}

// pingPongChan has 100 pairs of goroutines send a number back and forth over two channels.
func pingPongChan(capacity int) (uint64, error) {
	const pairs, trips = 100, 100
	var all sync.WaitGroup
	var sum atomic.Uint64
	all.Add(pairs)
	for range pairs {
		ping, pong := make(chan uint64, capacity), make(chan uint64, capacity)
		go func() {
			for n := range ping {
				pong <- n + 1
			}
		}()
		go func() {
			number := uint64(0)
			for range trips {
				ping <- number
				number = <-pong
			}
			close(ping)
			sum.Add(number)
			all.Done()
		}()
	}
	all.Wait()
	if sum.Load() != pairs*trips {
		return 0, fmt.Errorf("ping_pong_chan: %d trips", sum.Load())
	}
	return pairs * trips, nil
}

// ring passes a number round 1000 goroutines, which counts the hops that are left.
func ring(capacity int) (uint64, error) {
	const tasks, hops = 1000, 100_000
	var all sync.WaitGroup
	var sum atomic.Uint64
	all.Add(tasks)
	first := make(chan uint64, capacity)
	relay := func(own <-chan uint64, next chan<- uint64) {
		made := uint64(0)
		for left := range own {
			if left == 0 {
				break
			}
			made++
			next <- left - 1
		}
		close(next)
		sum.Add(made)
		all.Done()
	}
	own := first
	for range tasks - 1 {
		next := make(chan uint64, capacity)
		go relay(own, next)
		own = next
	}
	go relay(own, first)
	first <- hops
	all.Wait()
	if sum.Load() != hops {
		return 0, fmt.Errorf("ring: %d hops", sum.Load())
	}
	return hops, nil
}

// skynet sums the numbers of a million leaves through a tree of goroutines.
func skynet(children int) (uint64, error) {
	const leaves = 1_000_000
	root := make(chan uint64, 1)
	go skynetNode(root, 0, leaves, children)
	if sum := <-root; sum != leaves*(leaves-1)/2 {
		return 0, fmt.Errorf("skynet: sum %d", sum)
	}
	return leaves, nil
}

func skynetNode(parent chan<- uint64, first, leaves uint64, children int) {
	if leaves == 1 {
		parent <- first
		return
	}
	parts := make(chan uint64, children)
	share := leaves / uint64(children)
	for child := range uint64(children) {
		go skynetNode(parts, first+child*share, share, children)
	}
	sum := uint64(0)
	for range children {
		sum += <-parts
	}
	parent <- sum
}

// select2 selects over two channels of which one is ready, in one goroutine.
func select2(capacity int) (uint64, error) {
	const messages = 20_000
	first, second := make(chan uint64, capacity), make(chan uint64, capacity)
	first <- 0
	for n := uint64(0); n < messages; n++ {
		var value, turn uint64
		select {
		case value = <-first:
			second <- value + 1
		case value = <-second:
			turn = 1
			first <- value + 1
		}
		if value != n || turn != n%2 {
			return 0, fmt.Errorf("select2: %d instead of %d", value, n)
		}
	}
	return messages, nil
}

// select2Wait selects over two channels into which two goroutines send.
func select2Wait(capacity int) (uint64, error) {
	const messages = 20_000
	first, second := make(chan uint64, capacity), make(chan uint64, capacity)
	for _, channel := range []chan uint64{first, second} {
		go func() {
			for n := uint64(0); n < messages/2; n++ {
				channel <- n
			}
		}()
	}
	var firsts, seconds uint64
	for firsts+seconds < messages {
		var value uint64
		received := &firsts
		select {
		case value = <-first:
		case value = <-second:
			received = &seconds
		}
		if value != *received {
			return 0, fmt.Errorf("select2_wait: %d instead of %d", value, *received)
		}
		*received++
	}
	if firsts != seconds {
		return 0, fmt.Errorf("select2_wait: %d and %d", firsts, seconds)
	}
	return messages, nil
}
