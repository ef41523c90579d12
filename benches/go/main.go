// Command gort-benches-go is Go's part of the comparison: the workloads of gort-benches on Go's own
// runtime. It takes the arguments of `gort-benches measure` and prints the same lines of JSON.
//
// Each workload does what the Rust file of the same name does, in the way a Go programmer would
// write it: goroutines, channels, sync.WaitGroup, net, net/http.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"
)

// sample is what one measurement found.
type sample struct {
	Operations uint64             `json:"operations"`
	Figures    map[string]float64 `json:"figures"`
}

func main() {
	if len(os.Args) < 2 || os.Args[1] != "measure" {
		fail(fmt.Errorf("usage: gort-benches-go measure --workload NAME --procs N --millis N"))
	}
	flags := flag.NewFlagSet("measure", flag.ExitOnError)
	flags.String("rival", "go", "always go")
	workload := flags.String("workload", "", "what to measure")
	procs := flags.Int("procs", 1, "GOMAXPROCS")
	millis := flags.Int("millis", 200, "how long to measure")
	// ExitOnError: Parse does not return an error.
	_ = flags.Parse(os.Args[2:])

	runtime.GOMAXPROCS(*procs)
	found, err := measure(*workload, time.Duration(*millis)*time.Millisecond)
	if err != nil {
		fail(err)
	}
	print(map[string]any{"sample": found})
}

func measure(workload string, window time.Duration) (sample, error) {
	switch workload {
	case "spawn_await":
		return repeat(window, spawnAwait)
	case "spawn_fanout":
		return repeat(window, spawnFanout)
	case "chained_spawn":
		return repeat(window, chainedSpawn)
	case "yield_many":
		return repeat(window, func() (uint64, error) { return yieldNow(1000, 1000) })
	case "yield_one":
		return repeat(window, func() (uint64, error) { return yieldNow(1, 100_000) })
	case "ping_pong":
		return repeat(window, pingPong)
	case "fork_join_fib":
		return repeat(window, forkJoinFib)
	case "fork_join_sort":
		return repeat(window, forkJoinSort)
	case "ctx_switch":
		return repeat(window, func() (uint64, error) { return chanSpsc(0) })
	case "ctx_switch_1":
		return repeat(window, func() (uint64, error) { return chanSpsc(1) })
	case "chan_spsc":
		return repeat(window, func() (uint64, error) { return chanSpsc(100) })
	case "chan_mpmc_0":
		return repeat(window, func() (uint64, error) { return chanMpmc(0) })
	case "chan_mpmc_1":
		return repeat(window, func() (uint64, error) { return chanMpmc(1) })
	case "chan_mpmc_100":
		return repeat(window, func() (uint64, error) { return chanMpmc(100) })
	case "ping_pong_chan":
		return repeat(window, func() (uint64, error) { return pingPongChan(1) })
	case "ring":
		return repeat(window, func() (uint64, error) { return ring(1) })
	case "skynet":
		return repeat(window, func() (uint64, error) { return skynet(10) })
	case "select2":
		return repeat(window, func() (uint64, error) { return select2(1) })
	case "select2_wait":
		return repeat(window, func() (uint64, error) { return select2Wait(1) })
	case "mutex_2":
		return repeat(window, func() (uint64, error) { return mutex(2) })
	case "mutex_1000":
		return repeat(window, func() (uint64, error) { return mutex(1000) })
	case "waitgroup":
		return repeat(window, waitgroup)
	case "timers":
		return repeat(window, timers)
	case "timer_churn":
		return repeat(window, timerChurn)
	case "hog_cpu":
		return hogs(compute)
	case "hog_block", "hog_block_declared":
		return hogs(block)
	case "blocking_read":
		file, err := openPages()
		if err != nil {
			return sample{}, err
		}
		return repeat(window, func() (uint64, error) { return blockingRead(file) })
	case "sleepers":
		return sleepers()
	case "parked":
		return parked()
	case "tcp_echo_50":
		return tcpEchoInside(50, window)
	case "tcp_echo_1000":
		return tcpEchoInside(1000, window)
	case "tcp_echo_50_outside", "tcp_echo_1000_outside":
		return sample{}, serve(tcpEchoServe)
	case "http_hello":
		return sample{}, serve(httpHelloServe)
	}
	return sample{}, fmt.Errorf("unknown workload %q", workload)
}

// repeat runs round for a quarter of the window to warm up, at least once, then times it.
func repeat(window time.Duration, round func() (uint64, error)) (sample, error) {
	warm, _, err := until(window/4, round)
	if err != nil {
		return sample{}, err
	}
	timed, elapsed, err := until(window, round)
	if err != nil {
		return sample{}, err
	}
	figures := map[string]float64{"time": float64(elapsed.Nanoseconds()) / float64(timed)}
	return sample{Operations: warm + timed, Figures: figures}, nil
}

// until runs round again and again until the window is over.
func until(window time.Duration, round func() (uint64, error)) (uint64, time.Duration, error) {
	start := time.Now()
	var operations uint64
	for {
		done, err := round()
		if err != nil {
			return 0, 0, err
		}
		operations += done
		if elapsed := time.Since(start); elapsed >= window {
			return operations, elapsed, nil
		}
	}
}

// print writes the message as a line of its own.
func print(message any) {
	if err := json.NewEncoder(os.Stdout).Encode(message); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "gort-benches-go:", err)
	os.Exit(1)
}
