using Libvirtd.Documents;
using Libvirtd.Protocol;
using Create = Libvirtd.Protocol.DomainSnapshotCreateFlags;
using Delete = Libvirtd.Protocol.DomainSnapshotDeleteFlags;
using Revert = Libvirtd.Protocol.DomainSnapshotRevertFlags;

namespace Libvirtd.Drivers.Test.Tests;

/// <summary>A host whose clock stands still, with a domain of one disk, /i/base, to make snapshots of.</summary>
internal sealed class SnapshotLab
{
    private readonly TestSnapshotDriver _snapshots;

    public SnapshotLab(bool isRunning, string devices = "")
    {
        Host = TestHost.Default(Clock, new IdentitySource(1));
        Domains = new TestDomainDriver(Host.Domains);
        _snapshots = new TestSnapshotDriver(Host.Domains);
        Dom = Define("vm", devices: devices);
        if (isRunning)
            Domains.Create(FakeCall.Instance, Dom);
    }

    public VirtualClock Clock { get; } = new();

    public TestHost Host { get; }

    public TestDomainDriver Domains { get; }

    public DomainRef Dom { get; }

    public DomainView View => Host.Domains.Get(Dom).View;

    /// <summary>What the domain runs on, or would run on: <c>base &lt;- base.s1</c>.</summary>
    public string Chain => Short(Host.Images.FindChain(View.Definition.Document, "vda")!);

    /// <summary>The names of all snapshots, each after its parent, with the images that it keeps: <c>s1(base) s2(base &lt;- base.s1)</c>.</summary>
    public string Tree => string.Join(' ', View.Snapshots.List(null, DomainSnapshotListFlags.Topological)
        .Select(node => $"{node.Name}({Short(Host.Images.FindChain(node.Definition.Document.Domain, "vda")!)})"));

    /// <summary>The files that snapshots have made and that are still there.</summary>
    public string Files => string.Join(' ', Host.Images.Files.Values.Where(static file => file.IsForSnapshot).Select(static file => Path.GetFileName(file.Path)).Order());

    public DomainRef Define(string name, string source = "/i/base", string devices = "") => Domains.DefineXml(FakeCall.Instance, Hypervisor.Xml(name, null, "",
        $"<disk type='file'><driver name='qemu' type='qcow2'/><source file='{source}'/><target dev='vda' bus='virtio'/></disk>{devices}")).Result;

    public DomainSnapshotRef External(string name, Create flags = 0) => Make($"<name>{name}</name>", flags | Create.DiskOnly);

    public DomainSnapshotRef Internal(string name) => Make($"<name>{name}</name>", 0);

    public DomainSnapshotRef Make(string content, Create flags) =>
        _snapshots.CreateXml(FakeCall.Instance, Dom, $"<domainsnapshot>{content}</domainsnapshot>", flags).Result;

    public DomainSnapshotRef Redefine(string xml, Create flags = 0) => _snapshots.CreateXml(FakeCall.Instance, Dom, xml, flags | Create.Redefine).Result;

    public string Xml(string name) => _snapshots.GetXmlDesc(FakeCall.Instance, Ref(name), DomainSnapshotXmlFlags.Secure).Result;

    public void RevertTo(string name, Revert flags = 0) => _snapshots.RevertToSnapshot(FakeCall.Instance, Ref(name), flags);

    /// <summary>Deletes a snapshot, and lets time go on until it is gone.</summary>
    public void Remove(string name, Delete flags = 0)
    {
        Task removed = BeginToRemove(name, flags);
        while (Host.Domains.Get(Dom).HasJob)
            Advance(Clock.UntilNext!.Value.TotalSeconds);
        removed.GetAwaiter().GetResult();
    }

    public void Advance(double seconds) => Clock.Advance(TimeSpan.FromSeconds(seconds));

    public Task BeginToRemove(string name, Delete flags = 0) => _snapshots.Delete(FakeCall.Instance, Ref(name), flags).AsTask();

    public string DomainXml(DomainXmlFlags flags = 0) => Domains.GetXmlDesc(FakeCall.Instance, Dom, flags).Result;

    public DomainSnapshotRef Ref(string name) => new() { Name = name, Dom = Dom };

    private static string Short(DiskChain chain) => string.Join(" <- ", chain.Images.Reverse().Select(static image => Path.GetFileName(image.Path)));
}
