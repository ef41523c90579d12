package main

import (
	"fmt"
	"slices"
)

// forkJoinFib computes the 32nd Fibonacci number in goroutines that join two others each.
func forkJoinFib() (uint64, error) {
	const tasks = 13_529
	result := make(chan uint64, 1)
	go fib(32, result)
	if n := <-result; n != 2_178_309 {
		return 0, fmt.Errorf("fork_join_fib: %d", n)
	}
	return tasks, nil
}

func fib(n int, result chan<- uint64) {
	if n <= 14 {
		result <- fibAlone(n)
		return
	}
	parts := make(chan uint64, 2)
	go fib(n-1, parts)
	go fib(n-2, parts)
	result <- <-parts + <-parts
}

func fibAlone(n int) uint64 {
	if n < 2 {
		return uint64(n)
	}
	return fibAlone(n-1) + fibAlone(n-2)
}

// forkJoinSort sorts two million numbers in goroutines that join two others each.
func forkJoinSort() (uint64, error) {
	const count = 2_000_000
	numbers := make([]uint64, count)
	state, sum := uint64(1), uint64(0)
	for n := range numbers {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		numbers[n] = state
		sum += state
	}
	result := make(chan []uint64, 1)
	go sortInto(numbers, result)
	sorted := <-result
	for _, n := range sorted {
		sum -= n
	}
	if len(sorted) != count || !slices.IsSorted(sorted) || sum != 0 {
		return 0, fmt.Errorf("fork_join_sort: the numbers are not sorted")
	}
	return count, nil
}

func sortInto(numbers []uint64, result chan<- []uint64) {
	if len(numbers) <= 20_000 {
		slices.Sort(numbers)
		result <- numbers
		return
	}
	half := len(numbers) / 2
	one, two := make(chan []uint64, 1), make(chan []uint64, 1)
	go sortInto(numbers[:half:half], one)
	go sortInto(numbers[half:], two)
	result <- merge(<-one, <-two)
}

func merge(one, two []uint64) []uint64 {
	merged := make([]uint64, 0, len(one)+len(two))
	for len(one) > 0 && len(two) > 0 {
		if one[0] <= two[0] {
			merged = append(merged, one[0])
			one = one[1:]
		} else {
			merged = append(merged, two[0])
			two = two[1:]
		}
	}
	return append(append(merged, one...), two...)
}
