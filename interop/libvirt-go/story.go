// The story of Bindings/Story.cs through libvirt-go, the binding over libvirt's library.
// Arguments: an address, and one of the read-only socket.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"sort"
	"strings"
	"time"

	libvirt "github.com/libvirt/libvirt-go"
)

const (
	domainXML = "<domain type='test'><name>story</name><memory>65536</memory><os><type>hvm</type></os></domain>"
	volumeXML = "<volume><name>story.img</name><capacity>1048576</capacity></volume>"
)

func main() {
	check(libvirt.EventRegisterDefaultImpl())
	go func() {
		for {
			check(libvirt.EventRunDefaultImpl())
		}
	}()
	c := ok(libvirt.NewConnect(os.Args[1]))
	say("open", ok(c.GetType()))
	events := make(chan string, 16)
	ok(c.DomainEventLifecycleRegister(nil, func(_ *libvirt.Connect, _ *libvirt.Domain, event *libvirt.DomainEventLifecycle) {
		events <- fmt.Sprintf("%d:%d", event.Event, event.Detail)
	}))

	domain := ok(c.DomainDefineXML(domainXML))
	say("list", names(ok(c.ListAllDomains(0)), func(d libvirt.Domain) string { return ok(d.GetName()) }))
	check(domain.Create())
	say("started", state(domain))
	check(domain.Suspend())
	say("suspended", state(domain))
	check(domain.Resume())
	xml := ok(domain.GetXMLDesc(0))
	say("xml", find(xml, "<name>(.*)</name>"), find(xml, "<memory unit='KiB'>(.*)</memory>"))
	info := ok(domain.GetInfo())
	say("info", info.MaxMem, info.NrVirtCpu)
	stats := ok(c.GetAllDomainStats([]*libvirt.Domain{domain}, libvirt.DOMAIN_STATS_STATE, 0))
	say("stats", stats[0].State.State)

	first := ok(domain.CreateSnapshotXML("<domainsnapshot><name>first</name></domainsnapshot>", 0))
	second := ok(domain.CreateSnapshotXML("<domainsnapshot><name>second</name></domainsnapshot>", 0))
	say("snapshots", names(ok(domain.ListAllSnapshots(0)), func(s libvirt.DomainSnapshot) string { return ok(s.GetName()) }))
	check(domain.Suspend())
	check(first.RevertToSnapshot(0))
	say("reverted", state(domain))
	check(second.Delete(0))
	check(first.Delete(0))
	say("snapshots-left", len(ok(domain.ListAllSnapshots(0))))

	stream := ok(c.NewStream(0))
	mime := ok(domain.Screenshot(stream, 0, 0))
	image := receive(stream)
	say("screenshot", mime, string(image[1:4]))

	network := ok(c.LookupNetworkByName("default"))
	say("network", ok(network.GetBridgeName()), number(ok(network.IsActive())))
	check(network.Destroy())
	say("network-stopped", number(ok(network.IsActive())))
	check(network.Create())

	pool := ok(c.LookupStoragePoolByName("default-pool"))
	volume := ok(pool.StorageVolCreateXML(volumeXML, 0))
	volumes := names(ok(pool.ListAllStorageVolumes(0)), func(v libvirt.StorageVol) string { return ok(v.GetName()) })
	say("volumes", volumes, ok(volume.GetInfo()).Capacity)
	say("contents", contents(c, volume))
	check(volume.Delete(0))

	check(domain.Destroy())
	say("destroyed", state(domain))
	check(domain.Undefine())
	_, err := c.LookupDomainByName("story")
	say("unknown", code(err))
	_, err = c.DomainDefineXML("<domain/>")
	say("wrong-xml", code(err))
	say("wrong-state", code(ok(c.LookupDomainByName("test")).Create()))

	reader := ok(libvirt.NewConnect(os.Args[2]))
	say("read-only", code(ok(reader.LookupDomainByName("test")).Suspend()))

	var seen []string
	late := time.After(20 * time.Second)
	for len(seen) < 9 && late != nil {
		select {
		case event := <-events:
			seen = append(seen, event)
		case <-late:
			late = nil
		}
	}
	say("events", strings.Join(seen, " "))
}

// contents writes a volume and reads it again: "same", "different", or an error's code.
func contents(c *libvirt.Connect, volume *libvirt.StorageVol) string {
	data := make([]byte, 256*1024)
	for i := range data {
		data[i] = byte(i)
	}
	up := ok(c.NewStream(0))
	if err := volume.Upload(up, 0, uint64(len(data)), 0); err != nil {
		return strings.Fields(code(err))[0]
	}
	rest := bytes.NewReader(data)
	check(up.SendAll(func(_ *libvirt.Stream, count int) ([]byte, error) {
		part := make([]byte, count)
		read, err := rest.Read(part)
		if err == io.EOF {
			err = nil
		}
		return part[:read], err
	}))
	check(up.Finish())
	down := ok(c.NewStream(0))
	check(volume.Download(down, 0, uint64(len(data)), 0))
	if bytes.Equal(receive(down), data) {
		return "same"
	}
	return "different"
}

// receive takes all that a stream brings and finishes it.
func receive(stream *libvirt.Stream) []byte {
	var all bytes.Buffer
	check(stream.RecvAll(func(_ *libvirt.Stream, part []byte) (int, error) { return all.Write(part) }))
	check(stream.Finish())
	return all.Bytes()
}

func state(domain *libvirt.Domain) libvirt.DomainState {
	value, _, err := domain.GetState()
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

func number(flag bool) int {
	if flag {
		return 1
	}
	return 0
}

// code is an error's code and domain.
func code(err error) string {
	if e, is := err.(libvirt.Error); is {
		return fmt.Sprint(int(e.Code), " ", int(e.Domain))
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
