using Libvirtd.Drivers;
using Libvirtd.Protocol;
using Libvirtd.Xdr;

namespace Libvirtd.Rpc.Tests.Sessions;

/// <summary>Answers for <c>fake:</c> with whatever a test puts into it.</summary>
internal sealed class FakeDriver : Driver
{
    public FakeConnection Connection { get; } = new();

    public Func<ConnectRequest, ValueTask<DriverConnection?>>? OnOpen { get; set; }

    public ConnectRequest? Request { get; private set; }

    public GuestCount[] Guests { get; init; } = [];

    public int Jobs { get; init; }

    public override string Name => "FAKE";

    public override string? DefaultUri => "fake:///default";

    public override ValueTask<DriverConnection?> OpenAsync(ConnectRequest request, CancellationToken cancel)
    {
        Request = request;
        if (request.Uri.Scheme != "fake")
            return new((DriverConnection?)null);
        return OnOpen?.Invoke(request) ?? new(Connection);
    }

    public override IEnumerable<GuestCount> CountGuests() => Guests;

    public override int CountJobs() => Jobs;
}

internal sealed class FakeConnection : DriverConnection
{
    private int _disposals;

    public int Disposals => Volatile.Read(ref _disposals);

    public FakeDomains Guests { get; } = new();

    public FakeVolumes Volumes { get; } = new();

    public FakeNetworks Nets { get; } = new();

    public FakeNode Node { get; } = new();

    public FakeQemu Monitor { get; } = new();

    public CallInterceptor? Guard { get; set; }

    public override string Uri => "fake:///";

    public override CallInterceptor? Interceptor => Guard;

    public override DomainDriver Domains => Guests;

    public override StorageVolDriver StorageVols => Volumes;

    public override NetworkDriver Networks => Nets;

    public override ConnectDriver Connect => Node;

    public override QemuDriver Qemu => Monitor;

    public override bool HasEvents(EventKind kind) => true;

    public override bool SupportsFeature(int feature) => feature is 3 or 6;

    public override ValueTask DisposeAsync()
    {
        Interlocked.Increment(ref _disposals);
        return base.DisposeAsync();
    }
}

internal sealed class FakeDomains : DomainDriver
{
    public static DomainRef Vm1 { get; } = new() { Name = "vm1", Uuid = new Guid("11223344-5566-7788-99aa-bbccddeeff00"), Id = 1 };

    /// <summary>The encoded arguments of most calls: the domain.</summary>
    public static Action<XdrWriter> Arguments { get; } = Vm1.Encode;

    public Func<CallContext, ValueTask>? OnSuspend { get; set; }

    public Func<CallContext, StreamEndpoint>? OnConsole { get; set; }

    public Func<CallContext, (string?, StreamEndpoint)>? OnScreenshot { get; set; }

    public Func<CallContext, ValueTask>? OnOpenGraphics { get; set; }

    public DomainRef[] All { get; set; } = [];

    public string[] Defined { get; set; } = [];

    public TypedParam[] Parameters { get; set; } = [];

    public DomainModificationImpact? SeenFlags { get; private set; }

    public override ValueTask Suspend(CallContext call, DomainRef dom) => OnSuspend?.Invoke(call) ?? base.Suspend(call, dom);

    public override ValueTask<DomainRef> LookupByName(CallContext call, string name) =>
        name == Vm1.Name ? new(Vm1) : throw VirException.Of(ErrorCode.NoDomain, ErrorDomain.Test);

    public override ValueTask<StreamEndpoint> OpenConsole(CallContext call, DomainRef dom, string? devName, DomainConsoleFlags flags) =>
        OnConsole is null ? base.OpenConsole(call, dom, devName, flags) : new(OnConsole(call));

    public override ValueTask<(string? Result, StreamEndpoint Stream)> Screenshot(CallContext call, DomainRef dom, uint screen, uint flags) =>
        OnScreenshot is null ? base.Screenshot(call, dom, screen, flags) : new(OnScreenshot(call));

    public override ValueTask OpenGraphics(CallContext call, DomainRef dom, uint idx, DomainOpenGraphicsFlags flags) =>
        OnOpenGraphics?.Invoke(call) ?? base.OpenGraphics(call, dom, idx, flags);

    public override ValueTask OpenGraphicsFd(CallContext call, DomainRef dom, uint idx, DomainOpenGraphicsFlags flags) =>
        OnOpenGraphics?.Invoke(call) ?? base.OpenGraphicsFd(call, dom, idx, flags);

    public override ValueTask<DomainRef[]> ListAllDomains(CallContext call, ConnectListAllDomainsFlags flags) => new(All);

    public override ValueTask<string[]> ListDefinedDomains(CallContext call) => new(Defined);

    public DomainGetCpuStatsRet Cpus { get; set; }

    public override ValueTask<DomainGetCpuStatsRet> GetCpuStats(CallContext call, DomainRef dom, uint nparams, int startCpu, uint ncpus, TypedParameterFlags flags) =>
        new(Cpus);

    public override ValueTask<TypedParam[]> GetMemoryParameters(CallContext call, DomainRef dom, DomainModificationImpact flags)
    {
        SeenFlags = flags;
        return new(Parameters);
    }
}

internal sealed class FakeVolumes : StorageVolDriver
{
    public Func<StreamEndpoint>? OnStream { get; set; }

    public override ValueTask<StreamEndpoint> Upload(CallContext call, StorageVolRef vol, ulong offset, ulong length, StorageVolUploadFlags flags) =>
        OnStream is null ? base.Upload(call, vol, offset, length, flags) : new(OnStream());

    public override ValueTask<StreamEndpoint> Download(CallContext call, StorageVolRef vol, ulong offset, ulong length, StorageVolDownloadFlags flags) =>
        OnStream is null ? base.Download(call, vol, offset, length, flags) : new(OnStream());
}

internal sealed class FakeNetworks : NetworkDriver
{
    public (NetworkUpdateCommand Command, NetworkUpdateSection Section)? Updated { get; private set; }

    public override ValueTask Update(CallContext call, NetworkRef net, NetworkUpdateCommand command, NetworkUpdateSection section, int parentIndex,
        string xml, NetworkUpdateFlags flags)
    {
        Updated = (command, section);
        return default;
    }
}

internal sealed class FakeNode : ConnectDriver
{
    public TypedParam[] Sev { get; set; } = [];

    public override ValueTask<TypedParam[]> NodeGetSevInfo(CallContext call, TypedParameterFlags flags) => new(Sev);
}

internal sealed class FakeQemu : QemuDriver;
