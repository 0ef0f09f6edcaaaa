package mdns

import (
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Addresses are this machine's addresses that neighbours can reach, sorted, of
// the one it listens at unless that is any, and the interfaces that hold them.
// Link-local IPv6 addresses mean nothing without their interface: left out.
func Addresses(only net.IP) (ips []string, on []net.Interface) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, nil
	}
	for _, i := range all {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagLoopback != 0 || i.Flags&net.FlagMulticast == 0 {
			continue
		}
		addrs, err := i.Addrs()
		if err != nil {
			continue
		}
		found := false
		for _, a := range addrs {
			n, ok := a.(*net.IPNet)
			if !ok || n.IP.IsLinkLocalUnicast() || len(only) > 0 && !only.IsUnspecified() && !only.Equal(n.IP) {
				continue
			}
			ips, found = append(ips, n.IP.String()), true
		}
		if found {
			on = append(on, i)
		}
	}
	slices.Sort(ips)
	return ips, on
}

// settle is how long addresses may go on moving before they are read: a cable
// that is plugged in changes several things at once.
const settle = 300 * time.Millisecond

// watchAddresses signals when the kernel says that an interface or an address
// came, went or changed. Where it does not say, nothing is signalled.
func watchAddresses() (moved <-chan struct{}, stop func()) {
	out := make(chan struct{}, 1)
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return out, func() {}
	}
	groups := uint32(unix.RTMGRP_LINK | unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR)
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups}); err != nil {
		_ = unix.Close(fd)
		return out, func() {}
	}
	f := os.NewFile(uintptr(fd), "netlink")
	var reading sync.WaitGroup
	reading.Go(func() {
		late := time.AfterFunc(time.Hour, func() {
			select {
			case out <- struct{}{}:
			default:
			}
		})
		late.Stop()
		defer late.Stop()
		b := make([]byte, 64<<10)
		for {
			if _, err := f.Read(b); err != nil && !os.IsTimeout(err) {
				if pe, ok := err.(*os.PathError); ok && pe.Err == unix.ENOBUFS {
					late.Reset(settle) // too many at once to be told each
					continue
				}
				return
			}
			late.Reset(settle)
		}
	})
	return out, func() {
		_ = f.Close()
		reading.Wait()
	}
}
