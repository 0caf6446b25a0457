using System.Globalization;
using Libvirtd.Documents;
using Libvirtd.Protocol;
using Types = Libvirtd.Protocol.DomainGuestInfoTypes;
using WireInterface = Libvirtd.Protocol.DomainInterface;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// What a guest's agent tells of the guest, group by group. Every guest is the same Debian; its disks, file systems and interfaces are those of its
/// domain, and agree with what single calls tell.
/// </summary>
internal sealed class GuestInfo(DomainView view, WireInterface[] interfaces)
{
    /// <summary>The groups that the guests know.</summary>
    public const Types Supported = Types.Users | Types.Os | Types.Timezone | Types.Hostname | Types.Filesystem | Types.Disks | Types.Interfaces | Types.Load;

    private const ulong Gibibyte = 1ul << 30;

    private readonly List<TypedParam> _values = [];
    private readonly DomainDefinition _definition = view.Definition;

    /// <param name="view">The domain.</param>
    /// <param name="interfaces">Its interfaces with their addresses.</param>
    /// <param name="types">The groups that are asked for; none is all.</param>
    public static TypedParam[] Of(DomainView view, WireInterface[] interfaces, Types types)
    {
        GuestInfo info = new(view, interfaces);
        info.Add(types == 0 ? Supported : types);
        return [.. info._values];
    }

    private void Add(Types types)
    {
        if (types.HasFlag(Types.Users))
            AddUsers();
        if (types.HasFlag(Types.Os))
            AddSystem();
        if (types.HasFlag(Types.Timezone))
        {
            Add("timezone.name", "UTC");
            _values.Add(new TypedParam("timezone.offset", 0));
        }

        if (types.HasFlag(Types.Hostname))
            Add("hostname", _definition.Name + "host");
        if (types.HasFlag(Types.Filesystem))
            AddFileSystems();
        if (types.HasFlag(Types.Disks))
            AddDisks();
        if (types.HasFlag(Types.Interfaces))
            AddInterfaces();
        if (types.HasFlag(Types.Load))
            AddLoad();
    }

    private void AddUsers()
    {
        Add("user.count", 1u);
        Add("user.0.name", "root");
        Add("user.0.login-time", (ulong)GuestView.Fresh.Seconds * 1000);
    }

    private void AddSystem()
    {
        Add("os.id", "debian");
        Add("os.name", "Debian GNU/Linux");
        Add("os.pretty-name", "Debian GNU/Linux 12 (bookworm)");
        Add("os.version", "12 (bookworm)");
        Add("os.version-id", "12");
        Add("os.machine", _definition.Document.Architecture);
        Add("os.kernel-release", "6.1.0-test");
        Add("os.kernel-version", "#1 SMP PREEMPT_DYNAMIC");
    }

    private void AddFileSystems()
    {
        DomainDisk? first = _definition.Document.Disks.Where(static disk => disk.Device == "disk").Select(static disk => (DomainDisk?)disk).FirstOrDefault();
        Add("fs.count", first is null ? 0u : 2u);
        if (first is not { } disk)
            return;
        AddFileSystem(0, disk, "/", 20 * Gibibyte, 5 * Gibibyte);
        AddFileSystem(1, disk, "/boot", Gibibyte, Gibibyte / 8);
    }

    private void AddFileSystem(int number, DomainDisk disk, string mountPoint, ulong total, ulong used)
    {
        string name = $"fs.{number}.";
        string partition = disk.Target + (number + 1).ToString(CultureInfo.InvariantCulture);
        Add(name + "name", partition);
        Add(name + "mountpoint", mountPoint);
        Add(name + "fstype", "ext4");
        Add(name + "total-bytes", total);
        Add(name + "used-bytes", used);
        Add(name + "disk.count", 1u);
        Add(name + "disk.0.alias", disk.Target);
        if (disk.Serial is { } serial)
            Add(name + "disk.0.serial", serial);
        Add(name + "disk.0.device", "/dev/" + partition);
    }

    private void AddDisks()
    {
        DomainDisk[] disks = [.. _definition.Document.Disks];
        Add("disk.count", (uint)disks.Length);
        for (int i = 0; i < disks.Length; i++)
        {
            string name = $"disk.{i}.";
            Add(name + "name", "/dev/" + disks[i].Target);
            _values.Add(new TypedParam(name + "partition", false));
            if (disks[i].Serial is { } serial)
                Add(name + "serial", serial);
            Add(name + "alias", disks[i].Target);
            if (disks[i].Bus is { } bus)
                Add(name + "guest_bus", bus);
        }
    }

    private void AddInterfaces()
    {
        Add("if.count", (uint)interfaces.Length);
        for (int i = 0; i < interfaces.Length; i++)
        {
            string name = $"if.{i}.";
            Add(name + "name", $"eth{i}");
            Add(name + "hwaddr", interfaces[i].Hwaddr ?? "");
            DomainIpAddr[] addresses = interfaces[i].Addrs;
            Add(name + "addr.count", (uint)addresses.Length);
            for (int j = 0; j < addresses.Length; j++)
            {
                Add($"{name}addr.{j}.type", addresses[j].Type == (int)IpAddrType.Ipv6 ? "ipv6" : "ipv4");
                Add($"{name}addr.{j}.addr", addresses[j].Addr);
                Add($"{name}addr.{j}.prefix", addresses[j].Prefix);
            }
        }
    }

    private void AddLoad()
    {
        _values.Add(new TypedParam("load.1m", 0.25));
        _values.Add(new TypedParam("load.5m", 0.5));
        _values.Add(new TypedParam("load.15m", 0.75));
    }

    private void Add(string field, uint value) => _values.Add(new TypedParam(field, value));

    private void Add(string field, ulong value) => _values.Add(new TypedParam(field, value));

    private void Add(string field, string value) => _values.Add(new TypedParam(field, value));
}
