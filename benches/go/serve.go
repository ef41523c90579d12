package main

import (
	"io"
	"net"
	"os"
	"slices"
	"syscall"
	"time"
)

// serve runs a server until standard input ends, then prints the processor time it used and exits.
func serve(server func(net.Listener) error) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- server(listener) }()
	ended := make(chan error, 1)
	before := cpuTime()
	print(map[string]any{"listening": listener.Addr().String()})
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		ended <- err
	}()
	select {
	case err = <-failed:
	case err = <-ended:
	}
	if err != nil {
		return err
	}
	print(map[string]any{"cpu_ns": (cpuTime() - before).Nanoseconds()})
	os.Exit(0)
	return nil
}

// cpuTime is the processor time of all threads of this process.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		fail(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// ofExchanges is the sample of exchanges that were completed within the window.
func ofExchanges(operations uint64, latencies []uint32, window time.Duration) sample {
	slices.Sort(latencies)
	return sample{Operations: operations, Figures: map[string]float64{
		"rate": float64(len(latencies)) / window.Seconds(),
		"p50":  percentileMicros(latencies, 50),
		"p99":  percentileMicros(latencies, 99),
	}}
}

// percentileMicros is the nearest rank in sorted nanoseconds, as microseconds.
func percentileMicros(sorted []uint32, percent int) float64 {
	if len(sorted) == 0 {
		return 0
	}
	rank := max((percent*len(sorted)+99)/100, 1)
	return float64(sorted[rank-1]) / 1e3
}
