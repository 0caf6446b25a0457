# The story of Bindings/Story.cs through Sys::Virt. Arguments: an address, and one of the read-only socket.
use strict;
use warnings;
use Sys::Virt;
use Sys::Virt::Domain;
use Sys::Virt::Event;

$| = 1;

sub say_line { print join(' ', @_), "\n" }
sub names { join ' ', sort map { $_->get_name } @_ }

sub expect_error {
    my ($title, $call) = @_;
    eval { $call->(); say_line($title, 'no error'); 1 } or say_line($title, $@->code, $@->domain);
}

Sys::Virt::Event::register_default();
my $connection = Sys::Virt->new(uri => $ARGV[0]);
say_line('open', $connection->get_type);
my @events;
$connection->domain_event_register_any(undef, Sys::Virt::Domain::EVENT_ID_LIFECYCLE,
    sub { my (undef, undef, $event, $detail) = @_; push @events, "$event:$detail" });

my $domain = $connection->define_domain(
    "<domain type='test'><name>story</name><memory>65536</memory><os><type>hvm</type></os></domain>");
say_line('list', names($connection->list_all_domains));
$domain->create;
say_line('started', ($domain->get_state)[0]);
$domain->suspend;
say_line('suspended', ($domain->get_state)[0]);
$domain->resume;
my $xml = $domain->get_xml_description;
say_line('xml', $xml =~ m{<name>(.*)</name>}, $xml =~ m{<memory unit='KiB'>(.*)</memory>});
my $info = $domain->get_info;
say_line('info', $info->{maxMem}, $info->{nrVirtCpu});
my ($record) = $connection->get_all_domain_stats(Sys::Virt::Domain::STATS_STATE, [$domain]);
say_line('stats', $record->{data}{'state.state'});

my $first = $domain->create_snapshot('<domainsnapshot><name>first</name></domainsnapshot>');
my $second = $domain->create_snapshot('<domainsnapshot><name>second</name></domainsnapshot>');
say_line('snapshots', names($domain->list_all_snapshots));
$domain->suspend;
$first->revert_to;
say_line('reverted', ($domain->get_state)[0]);
$second->delete;
$first->delete;
say_line('snapshots-left', scalar(my @left = $domain->list_all_snapshots));

my $stream = $connection->new_stream;
my $picture = $domain->screenshot($stream, 0);
my $image = '';
$stream->recv_all(sub { my (undef, $part, $count) = @_; $image .= substr $part, 0, $count; $count });
$stream->finish;
say_line('screenshot', $picture, substr $image, 1, 3);

my $network = $connection->get_network_by_name('default');
say_line('network', $network->get_bridge_name, $network->is_active);
$network->destroy;
say_line('network-stopped', $network->is_active ? 1 : 0);
$network->create;

my $pool = $connection->get_storage_pool_by_name('default-pool');
my $volume = $pool->create_volume('<volume><name>story.img</name><capacity>1048576</capacity></volume>');
say_line('volumes', names($pool->list_all_volumes), $volume->get_info->{capacity});
my $contents = join('', map { chr } 0 .. 255) x 1024;
eval {
    my $rest = $contents;
    my $up = $connection->new_stream;
    $volume->upload($up, 0, length $contents);
    $up->send_all(sub { $_[1] = substr $rest, 0, $_[2], ''; length $_[1] });
    $up->finish;
    my $back = '';
    my $down = $connection->new_stream;
    $volume->download($down, 0, length $contents);
    $down->recv_all(sub { my (undef, $part, $count) = @_; $back .= substr $part, 0, $count; $count });
    $down->finish;
    say_line('contents', $back eq $contents ? 'same' : 'different');
    1;
} or say_line('contents', $@->code);
$volume->delete;

$domain->destroy;
say_line('destroyed', ($domain->get_state)[0]);
$domain->undefine;
expect_error('unknown', sub { $connection->get_domain_by_name('story') });
expect_error('wrong-xml', sub { $connection->define_domain('<domain/>') });
expect_error('wrong-state', sub { $connection->get_domain_by_name('test')->create });

my $reader = Sys::Virt->new(uri => $ARGV[1]);
expect_error('read-only', sub { $reader->get_domain_by_name('test')->suspend });

my $late = 0;
Sys::Virt::Event::add_timeout(20_000, sub { $late = 1 });
Sys::Virt::Event::run_default() while @events < 9 && !$late;
say_line('events', @events);
