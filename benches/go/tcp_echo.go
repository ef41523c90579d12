package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

const messageSize = 64

// result is what one side of a connection counted.
type result struct {
	count     uint64
	latencies []uint32
	err       error
}

// tcpEchoInside measures client and server in one process.
func tcpEchoInside(connections int, window time.Duration) (sample, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return sample{}, err
	}
	server := make(chan result, connections)
	streams := make([]net.Conn, connections)
	for n := range streams {
		// Go sets TCP_NODELAY on every connection by itself.
		if streams[n], err = net.Dial("tcp", listener.Addr().String()); err != nil {
			return sample{}, err
		}
		accepted, err := listener.Accept()
		if err != nil {
			return sample{}, err
		}
		go func() { server <- echo(accepted) }()
	}
	from := time.Now().Add(window / 4)
	clients := make(chan result, connections)
	for n, stream := range streams {
		go func() { clients <- client(stream, uint64(n), from, from.Add(window)) }()
	}
	sent, err := gather(clients, connections)
	if err != nil {
		return sample{}, err
	}
	echoed, err := gather(server, connections)
	if err != nil {
		return sample{}, err
	}
	if echoed.count != sent.count*messageSize {
		return sample{}, fmt.Errorf("tcp_echo: %d messages, %d bytes", sent.count, echoed.count)
	}
	return ofExchanges(sent.count, sent.latencies, window), nil
}

// gather adds up the results of all connections.
func gather(results <-chan result, connections int) (result, error) {
	var all result
	for n := 0; n < connections; n++ {
		one := <-results
		if one.err != nil {
			return result{}, one.err
		}
		all.count += one.count
		all.latencies = append(all.latencies, one.latencies...)
	}
	return all, nil
}

// tcpEchoServe serves until the process ends.
func tcpEchoServe(listener net.Listener) error {
	for {
		stream, err := listener.Accept()
		if err != nil {
			return err
		}
		// A client that goes away in the middle of an exchange is no fault of the server.
		go echo(stream)
	}
}

// echo returns what comes until the other side closes.
func echo(stream net.Conn) result {
	defer stream.Close()
	buffer := make([]byte, 1024)
	var echoed uint64
	for {
		n, err := stream.Read(buffer)
		if errors.Is(err, io.EOF) {
			return result{count: echoed}
		}
		if err != nil {
			return result{err: err}
		}
		if _, err := stream.Write(buffer[:n]); err != nil {
			return result{err: err}
		}
		echoed += uint64(n)
	}
}

// client makes exchanges until the window closes and keeps the latencies of those inside it.
func client(stream net.Conn, number uint64, from, until time.Time) result {
	defer stream.Close()
	latencies := make([]uint32, 0, 1<<14)
	var message, reply [messageSize]byte
	var exchanges uint64
	sent := time.Now()
	for sent.Before(until) {
		binary.LittleEndian.PutUint64(message[0:], number)
		binary.LittleEndian.PutUint64(message[8:], exchanges)
		if _, err := stream.Write(message[:]); err != nil {
			return result{err: err}
		}
		if _, err := io.ReadFull(stream, reply[:]); err != nil {
			return result{err: err}
		}
		if reply != message {
			return result{err: errors.New("the reply is not the message")}
		}
		exchanges++
		received := time.Now()
		if !received.Before(from) && !received.After(until) {
			latencies = append(latencies, uint32(received.Sub(sent).Nanoseconds()))
		}
		sent = received
	}
	return result{count: exchanges, latencies: latencies}
}
