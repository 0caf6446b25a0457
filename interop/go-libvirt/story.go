// The story of Bindings/Story.cs through go-libvirt, which speaks the protocol itself, without libvirt's library.
// Arguments: an address, and one of the read-only socket.
package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"sort"
	"strings"
	"time"

	libvirt "github.com/digitalocean/go-libvirt"
	"github.com/digitalocean/go-libvirt/socket/dialers"
)

const (
	domainXML = "<domain type='test'><name>story</name><memory>65536</memory><os><type>hvm</type></os></domain>"
	volumeXML = "<volume><name>story.img</name><capacity>1048576</capacity></volume>"
)

func main() {
	l := open(os.Args[1])
	say("open", ok(l.ConnectGetType()))
	ctx, cancel := context.WithCancel(context.Background())
	events := ok(l.LifecycleEvents(ctx))
	seen := make(chan []string)
	go collect(events, seen)

	domain := ok(l.DomainDefineXML(domainXML))
	domains, _, err := l.ConnectListAllDomains(1, 0)
	check(err)
	say("list", names(domains, func(d libvirt.Domain) string { return d.Name }))
	check(l.DomainCreate(domain))
	say("started", state(l, domain))
	check(l.DomainSuspend(domain))
	say("suspended", state(l, domain))
	check(l.DomainResume(domain))
	xml := ok(l.DomainGetXMLDesc(domain, 0))
	say("xml", find(xml, "<name>(.*)</name>"), find(xml, "<memory unit='KiB'>(.*)</memory>"))
	_, memory, _, vcpus, _, err := l.DomainGetInfo(domain)
	check(err)
	say("info", memory, vcpus)
	stats := ok(l.ConnectGetAllDomainStats([]libvirt.Domain{domain}, uint32(libvirt.DomainStatsState), 0))
	say("stats", stats[0].Params[0].Value.I)

	first := ok(l.DomainSnapshotCreateXML(domain, "<domainsnapshot><name>first</name></domainsnapshot>", 0))
	second := ok(l.DomainSnapshotCreateXML(domain, "<domainsnapshot><name>second</name></domainsnapshot>", 0))
	snapshots, _, err := l.DomainListAllSnapshots(domain, 1, 0)
	check(err)
	say("snapshots", names(snapshots, func(s libvirt.DomainSnapshot) string { return s.Name }))
	check(l.DomainSuspend(domain))
	check(l.DomainRevertToSnapshot(first, 0))
	say("reverted", state(l, domain))
	check(l.DomainSnapshotDelete(second, 0))
	check(l.DomainSnapshotDelete(first, 0))
	say("snapshots-left", ok(l.DomainSnapshotNum(domain, 0)))

	var image bytes.Buffer
	// The binding looks for the reply's picture type in the stream's last, empty packet: with every server it ends in an error here.
	_, _ = l.DomainScreenshot(domain, &image, 0, 0)
	say("screenshot", http.DetectContentType(image.Bytes()), string(image.Bytes()[1:4]))

	network := ok(l.NetworkLookupByName("default"))
	say("network", ok(l.NetworkGetBridgeName(network)), ok(l.NetworkIsActive(network)))
	check(l.NetworkDestroy(network))
	say("network-stopped", ok(l.NetworkIsActive(network)))
	check(l.NetworkCreate(network))

	pool := ok(l.StoragePoolLookupByName("default-pool"))
	volume := ok(l.StorageVolCreateXML(pool, volumeXML, 0))
	volumes, _, err := l.StoragePoolListAllVolumes(pool, 1, 0)
	check(err)
	_, capacity, _, err := l.StorageVolGetInfo(volume)
	check(err)
	say("volumes", names(volumes, func(v libvirt.StorageVol) string { return v.Name }), capacity)
	say("contents", contents(l, volume))
	check(l.StorageVolDelete(volume, 0))

	check(l.DomainDestroy(domain))
	say("destroyed", state(l, domain))
	check(l.DomainUndefine(domain))
	_, err = l.DomainLookupByName("story")
	say("unknown", code(err))
	_, err = l.DomainDefineXML("<domain/>")
	say("wrong-xml", code(err))
	say("wrong-state", code(l.DomainCreate(ok(l.DomainLookupByName("test")))))

	reader := open(os.Args[2])
	say("read-only", code(reader.DomainSuspend(ok(reader.DomainLookupByName("test")))))
	say("events", strings.Join(<-seen, " "))
	cancel()
	check(reader.Disconnect())
	check(l.Disconnect())
}

func open(address string) *libvirt.Libvirt {
	uri := ok(url.Parse(address))
	l := libvirt.NewWithDialer(dialers.NewLocal(dialers.WithSocket(uri.Query().Get("socket"))))
	check(l.ConnectToURI("test:///default"))
	return l
}

// collect sends what came once all nine events of the story are there, or after twenty seconds.
func collect(events <-chan libvirt.DomainEventLifecycleMsg, seen chan<- []string) {
	var list []string
	late := time.After(20 * time.Second)
	for len(list) < 9 {
		select {
		case event := <-events:
			list = append(list, fmt.Sprintf("%d:%d", event.Event, event.Detail))
		case <-late:
			seen <- list
			return
		}
	}
	seen <- list
}

// contents writes a volume and reads it again: "same", "different", or an error's code.
func contents(l *libvirt.Libvirt, volume libvirt.StorageVol) string {
	data := make([]byte, 256*1024)
	for i := range data {
		data[i] = byte(i)
	}
	if err := l.StorageVolUpload(volume, bytes.NewReader(data), 0, uint64(len(data)), 0); err != nil {
		return code(err)
	}
	var back bytes.Buffer
	check(l.StorageVolDownload(volume, &back, 0, uint64(len(data)), 0))
	if bytes.Equal(back.Bytes(), data) {
		return "same"
	}
	return "different"
}

func state(l *libvirt.Libvirt, domain libvirt.Domain) int32 {
	value, _, err := l.DomainGetState(domain, 0)
	check(err)
	return value
}

func names[T any](objects []T, name func(T) string) string {
	var list []string
	for _, object := range objects {
		list = append(list, name(object))
	}
	sort.Strings(list)
	return strings.Join(list, " ")
}

func find(xml, pattern string) string { return regexp.MustCompile(pattern).FindStringSubmatch(xml)[1] }

func code(err error) string {
	if e, is := err.(libvirt.Error); is {
		return fmt.Sprint(e.Code)
	}
	return fmt.Sprint(err)
}

func say(words ...interface{}) { fmt.Println(words...) }

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func ok[T any](value T, err error) T {
	check(err)
	return value
}
