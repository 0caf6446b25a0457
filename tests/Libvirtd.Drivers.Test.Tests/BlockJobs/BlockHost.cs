using Libvirtd.Documents;
using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;

namespace Libvirtd.Drivers.Test.Tests;

/// <summary>A host in virtual time with a domain "vm", whose disk vda has the chain base, snap1, snap2, active in /images.</summary>
internal sealed class BlockHost : IEventListener, IDisposable
{
    public static readonly string[] Whole = ["base", "snap1", "snap2", "active"];

    private readonly List<string> _events = [];

    /// <param name="isRunning">The domain runs.</param>
    /// <param name="images">The images from the base up.</param>
    public BlockHost(bool isRunning, params string[] images)
        : this(isRunning, new TestOptions(), new VirtualClock(), images)
    {
    }

    /// <param name="isRunning">The domain runs.</param>
    /// <param name="options">The host's options.</param>
    /// <param name="time">The host's clock.</param>
    /// <param name="images">The images from the base up.</param>
    public BlockHost(bool isRunning, TestOptions options, TimeProvider time, params string[] images)
    {
        Clock = (time as VirtualClock)!;
        IdentitySource identities = new(1);
        Host = TestHost.Of(TestHost.DefaultDocument(identities), time, identities, options);
        Domains = new TestDomainDriver(Host.Domains);
        Dom = Define("vm", images.Length == 0 ? Whole : images);
        if (isRunning)
            Dom = Domains.CreateWithFlags(Call, Dom, DomainCreateFlags.None).Result;
        Host.Events.Add(this);
    }

    public VirtualClock Clock { get; }

    public TestHost Host { get; }

    public TestDomainDriver Domains { get; }

    public DomainRef Dom { get; }

    public TestImages Images => Host.Images;

    public DomainView View => Host.Domains.Get(Dom).View;

    /// <summary>The chain that the domain has now, such as <c>base snap1 active</c>.</summary>
    public string Chain => Names(Host.Domains.Get(Dom).View.Definition);

    /// <summary>The chain at the next start.</summary>
    public string ConfigChain => Names(Host.Domains.Get(Dom).View.ConfigDefinition);

    public DomainGetBlockJobInfoRet Job => Domains.GetBlockJobInfo(Call, Dom, "vda", DomainBlockJobInfoFlags.None).Result;

    public string Xml => Domains.GetXmlDesc(Call, Dom, DomainXmlFlags.None).Result;

    public string InactiveXml => Domains.GetXmlDesc(Call, Dom, DomainXmlFlags.Inactive).Result;

    /// <summary>Defines a domain whose disk vda has these images, from the base up.</summary>
    public DomainRef Define(string name, params string[] images)
    {
        string below = "<backingStore/>";
        foreach (string image in images[..^1])
            below = $"<backingStore type='file'><format type='qcow2'/><source file='/images/{image}'/>{below}</backingStore>";
        string disk = $"<disk type='file'><driver type='qcow2'/><source file='/images/{images[^1]}'/>{below}<target dev='vda' bus='virtio'/></disk>";
        return Domains.DefineXml(Call, Hypervisor.Xml(name, devices: disk)).Result;
    }

    /// <summary>Lets a job without a limit come to its end.</summary>
    public void Finish() => Clock.Advance(TestBlockJobs.DefaultDuration);

    public void Advance(double seconds) => Clock.Advance(TimeSpan.FromSeconds(seconds));

    public void Commit(string? @base, string? top, DomainBlockCommitFlags flags = 0, nuint bandwidth = 0) =>
        Domains.BlockCommit(Call, Dom, "vda", @base, top, bandwidth, flags);

    public void Rebase(string? @base, DomainBlockRebaseFlags flags = 0, nuint bandwidth = 0) =>
        Domains.BlockRebase(Call, Dom, "vda", @base, bandwidth, flags);

    public void Copy(string destination, DomainBlockCopyFlags flags = DomainBlockCopyFlags.TransientJob, params TypedParam[] parameters) =>
        Domains.BlockCopy(Call, Dom, "vda", destination.StartsWith('<') ? destination : $"<disk type='file'><source file='/images/{destination}'/></disk>",
            parameters, flags);

    public void Abort(DomainBlockJobAbortFlags flags = 0) => Domains.BlockJobAbort(Call, Dom, "vda", flags);

    public void Pivot() => Abort(DomainBlockJobAbortFlags.Pivot);

    /// <summary>The events since the last look, such as <c>vda commit completed</c>.</summary>
    public string[] TakeEvents()
    {
        string[] events = [.. _events];
        _events.Clear();
        return events;
    }

    public void OnEvent(DriverEvent raised) => _events.Add(raised switch
    {
        DomainBlockJobEvent job => Say(job.Path, job.Type, job.Status),
        DomainBlockJob2Event job => Say(job.Dst, job.Type, job.Status),
        DomainBlockThresholdEvent threshold => $"{threshold.Dev} {threshold.Path} {threshold.Threshold} {threshold.Excess}",
        DomainLifecycleEvent lifecycle => $"{(DomainEventType)lifecycle.Event}",
        _ => raised.GetType().Name,
    });

    public void Dispose() => Host.Dispose();

    private static string Say(string disk, int type, int status) => $"{disk} {(DomainBlockJobType)type} {(ConnectDomainEventBlockJobStatus)status}";

    private string Names(DomainDefinition definition) =>
        string.Join(' ', Host.Images.ChainOf(definition.Document.Disks.First().Node).Images.Reverse().Select(image => Path.GetFileName(image.Path)));
}
