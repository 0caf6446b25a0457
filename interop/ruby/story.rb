# The story of Bindings/Story.cs through ruby-libvirt. Arguments: an address, and one of the read-only socket.
require 'libvirt'
require_relative 'event_loop'

$stdout.sync = true

def say(*words) = puts(words.join(' '))

def names(objects) = objects.map(&:name).sort.join(' ')

def expect_error(title)
  yield
  say(title, 'no error')
rescue Libvirt::Error => e
  say(title, e.libvirt_code, e.libvirt_component)
end

events_loop = EventLoop.new
events_loop.register
connection = Libvirt.open(ARGV[0])
say('open', connection.type)
events = []
on_event = ->(_, _, event, detail, _) { events << "#{event}:#{detail}" }
connection.domain_event_register_any(Libvirt::Connect::DOMAIN_EVENT_ID_LIFECYCLE, on_event)

domain = connection.define_domain_xml(
  "<domain type='test'><name>story</name><memory>65536</memory><os><type>hvm</type></os></domain>")
say('list', names(connection.list_all_domains))
domain.create
say('started', domain.state[0])
domain.suspend
say('suspended', domain.state[0])
domain.resume
xml = domain.xml_desc
say('xml', xml[%r{<name>(.*)</name>}, 1], xml[%r{<memory unit='KiB'>(.*)</memory>}, 1])
say('info', domain.info.max_mem, domain.info.nr_virt_cpu)

first = domain.snapshot_create_xml('<domainsnapshot><name>first</name></domainsnapshot>')
second = domain.snapshot_create_xml('<domainsnapshot><name>second</name></domainsnapshot>')
say('snapshots', names(domain.list_all_snapshots))
domain.suspend
domain.revert_to_snapshot(first)
say('reverted', domain.state[0])
second.delete
first.delete
say('snapshots-left', domain.num_of_snapshots)

stream = connection.stream
picture = domain.screenshot(stream, 0)
image = String.new(encoding: Encoding::BINARY)
stream.recvall(image) { |part, into| into << part; part.bytesize }
stream.finish
say('screenshot', picture, image[1, 3])

network = connection.lookup_network_by_name('default')
say('network', network.bridge_name, network.active? ? 1 : 0)
network.destroy
say('network-stopped', network.active? ? 1 : 0)
network.create

pool = connection.lookup_storage_pool_by_name('default-pool')
volume = pool.create_volume_xml('<volume><name>story.img</name><capacity>1048576</capacity></volume>')
say('volumes', *pool.list_volumes, volume.info.capacity)
contents = (0..255).to_a.pack('C*') * 1024
begin
  rest = contents.dup
  stream = connection.stream
  volume.upload(stream, 0, contents.bytesize)
  stream.sendall { |_, count| part = rest.slice!(0, count); [part.bytesize, part] }
  stream.finish
  back = String.new(encoding: Encoding::BINARY)
  stream = connection.stream
  volume.download(stream, 0, contents.bytesize)
  stream.recvall(back) { |part, into| into << part; part.bytesize }
  stream.finish
  say('contents', back == contents ? 'same' : 'different')
rescue Libvirt::Error => e
  say('contents', e.libvirt_code)
end
volume.delete

domain.destroy
say('destroyed', domain.state[0])
domain.undefine
expect_error('unknown') { connection.lookup_domain_by_name('story') }
expect_error('wrong-xml') { connection.define_domain_xml('<domain/>') }
expect_error('wrong-state') { connection.lookup_domain_by_name('test').create }

reader = Libvirt.open(ARGV[1])
expect_error('read-only') { reader.lookup_domain_by_name('test').suspend }

late = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 20
events_loop.run_once while events.size < 9 && Process.clock_gettime(Process::CLOCK_MONOTONIC) < late
say('events', *events)
# Nothing is collected: the binding frees an object anew that it has freed before, and fails.
exit!(0)
