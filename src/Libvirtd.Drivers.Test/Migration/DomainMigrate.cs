using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// Migration between two connections, in the third generation of calls, with typed parameters or without, and in the second. The first has no way to
/// tell the destination what the domain is, so it stays unsupported, as with QEMU.
/// </summary>
internal sealed partial class TestDomainDriver
{
    private readonly MigrationHolds _holds = new(domains);

    private MigrationSource Source => _holds.Source;

    private MigrationTarget Target => _holds.Target;

    /// <summary>The connection is closed: what its client had begun and not ended does not stay half done.</summary>
    public void EndMigrations() => _holds.Abandon();

    public override ValueTask<DomainMigrateBegin3ParamsRet> MigrateBegin3Params(CallContext call, DomainRef dom, TypedParam[] @params,
        DomainMigrateFlags flags)
    {
        (byte[] cookie, string xml) = Begin(dom, MigrationRequest.Of(@params, flags, "testDomainMigrateBegin3Params"));
        return new(new DomainMigrateBegin3ParamsRet { CookieOut = cookie, Xml = xml });
    }

    public override ValueTask<DomainMigrateBegin3Ret> MigrateBegin3(CallContext call, DomainRef dom, string? xmlin, nuint flags, string? dname,
        nuint bandwidth)
    {
        (byte[] cookie, string xml) = Begin(dom, MigrationRequest.Of(flags, null, dname, xmlin, bandwidth, "testDomainMigrateBegin3"));
        return new(new DomainMigrateBegin3Ret { CookieOut = cookie, Xml = xml });
    }

    public override ValueTask<DomainMigratePrepare3ParamsRet> MigratePrepare3Params(CallContext call, TypedParam[] @params, byte[] cookieIn,
        DomainMigrateFlags flags)
    {
        string uri = Prepare(MigrationRequest.Of(@params, flags, "testDomainMigratePrepare3Params"), cookieIn);
        return new(new DomainMigratePrepare3ParamsRet { CookieOut = [], UriOut = uri });
    }

    public override ValueTask<DomainMigratePrepare3Ret> MigratePrepare3(CallContext call, byte[] cookieIn, string? uriIn, nuint flags, string? dname,
        nuint bandwidth, string domXml)
    {
        string uri = Prepare(MigrationRequest.Of(flags, uriIn, dname, domXml, bandwidth, "testDomainMigratePrepare3"), cookieIn);
        return new(new DomainMigratePrepare3Ret { CookieOut = [], UriOut = uri });
    }

    public override ValueTask<DomainMigratePrepare2Ret> MigratePrepare2(CallContext call, string? uriIn, nuint flags, string? dname, nuint bandwidth,
        string domXml)
    {
        string uri = Prepare(MigrationRequest.Of(flags, uriIn, dname, domXml, bandwidth, "testDomainMigratePrepare2"), []);
        return new(new DomainMigratePrepare2Ret { Cookie = [], UriOut = uri });
    }

    public override ValueTask<(byte[] Result, StreamEndpoint Stream)> MigratePrepareTunnel3Params(CallContext call, TypedParam[] @params,
        byte[] cookieIn, DomainMigrateFlags flags)
    {
        Prepare(MigrationRequest.Of(@params, flags, "testDomainMigratePrepareTunnel3Params"), cookieIn);
        return new(([], new MigrationTunnel()));
    }

    public override ValueTask<(byte[] Result, StreamEndpoint Stream)> MigratePrepareTunnel3(CallContext call, byte[] cookieIn, nuint flags,
        string? dname, nuint bandwidth, string domXml)
    {
        Prepare(MigrationRequest.Of(flags, null, dname, domXml, bandwidth, "testDomainMigratePrepareTunnel3"), cookieIn);
        return new(([], new MigrationTunnel()));
    }

    public override ValueTask<StreamEndpoint> MigratePrepareTunnel(CallContext call, nuint flags, string? dname, nuint bandwidth, string domXml)
    {
        Prepare(MigrationRequest.Of(flags, null, dname, domXml, bandwidth, "testDomainMigratePrepareTunnel"), []);
        return new(new MigrationTunnel());
    }

    public override ValueTask<byte[]> MigratePerform3Params(CallContext call, DomainRef dom, string? dconnuri, TypedParam[] @params, byte[] cookieIn,
        DomainMigrateFlags flags) =>
        new(PerformAsync(call, dom, dconnuri, MigrationRequest.Of(@params, flags, "testDomainMigratePerform3Params")));

    public override ValueTask<byte[]> MigratePerform3(CallContext call, DomainRef dom, string? xmlin, byte[] cookieIn, string? dconnuri, string? uri,
        nuint flags, string? dname, nuint bandwidth) =>
        new(PerformAsync(call, dom, dconnuri, MigrationRequest.Of(flags, uri, dname, xmlin, bandwidth, "testDomainMigratePerform3")));

    /// <summary>The second generation: nobody confirms, so the domain stops here when all is moved.</summary>
    public override async ValueTask MigratePerform(CallContext call, DomainRef dom, byte[] cookie, string uri, nuint flags, string? dname,
        nuint bandwidth)
    {
        MigrationRequest request = MigrationRequest.Of(flags, uri, dname, null, bandwidth, "testDomainMigratePerform");
        if (request.Has(DomainMigrateFlags.Peer2peer | DomainMigrateFlags.Tunnelled))
            await PerformAsync(call, dom, uri, request with { Uri = null });
        else
            await Source.PerformAsync(dom, request, isConfirmed: false, call.Cancellation);
    }

    public override ValueTask<DomainMigrateFinish3ParamsRet> MigrateFinish3Params(CallContext call, TypedParam[] @params, byte[] cookieIn,
        DomainMigrateFlags flags, int cancelled)
    {
        MigrationRequest request = MigrationRequest.Of(@params, flags, "testDomainMigrateFinish3Params");
        if (request.Name is null)
            throw VirException.Of(ErrorCode.NoDomain, ErrorDomain.Test, "missing domain name");
        (DomainRef dom, byte[] cookie) = Finish(request.Name, request, cookieIn, cancelled != 0);
        return new(new DomainMigrateFinish3ParamsRet { Dom = dom, CookieOut = cookie });
    }

    public override ValueTask<DomainMigrateFinish3Ret> MigrateFinish3(CallContext call, string dname, byte[] cookieIn, string? dconnuri, string? uri,
        nuint flags, int cancelled)
    {
        (DomainRef dom, byte[] cookie) = Finish(dname, MigrationRequest.Of(flags, uri, dname, null, 0, "testDomainMigrateFinish3"), cookieIn, cancelled != 0);
        return new(new DomainMigrateFinish3Ret { Dom = dom, CookieOut = cookie });
    }

    public override ValueTask<DomainRef> MigrateFinish2(CallContext call, string dname, byte[] cookie, string uri, nuint flags, int retcode) =>
        new(Finish(dname, MigrationRequest.Of(flags, uri, dname, null, 0, "testDomainMigrateFinish2"), cookie, retcode != 0).Domain);

    public override ValueTask MigrateConfirm3Params(CallContext call, DomainRef dom, TypedParam[] @params, byte[] cookieIn, DomainMigrateFlags flags,
        int cancelled)
    {
        Confirm(dom, MigrationRequest.Of(@params, flags, "testDomainMigrateConfirm3Params"), cancelled != 0);
        return default;
    }

    public override ValueTask MigrateConfirm3(CallContext call, DomainRef dom, byte[] cookieIn, nuint flags, int cancelled)
    {
        Confirm(dom, MigrationRequest.Of(flags, null, null, null, 0, "testDomainMigrateConfirm3"), cancelled != 0);
        return default;
    }

    private (byte[] Cookie, string Xml) Begin(in DomainRef dom, MigrationRequest request)
    {
        (byte[] Cookie, string Xml) begun = Source.Begin(dom, request);
        _holds.Leaving(dom, true);
        return begun;
    }

    private string Prepare(MigrationRequest request, byte[] cookieIn)
    {
        (string name, string uri) = Target.Prepare(request, cookieIn);
        _holds.Arriving(name, true);
        return uri;
    }

    private async Task<byte[]> PerformAsync(CallContext call, DomainRef dom, string? dconnuri, MigrationRequest request)
    {
        if (request.Has(DomainMigrateFlags.Peer2peer | DomainMigrateFlags.Tunnelled))
        {
            // The source goes on without its client, which need not wait for that either.
            await new PeerMigration(Host.Migrations, Source).RunAsync(dom, dconnuri, request, call.Cancellation).WaitAsync(call.Cancellation);
            return [];
        }

        if (dconnuri is not null)
            throw VirException.Internal(ErrorDomain.Test, "Unexpected dconnuri parameter with non-peer2peer migration");
        _holds.Leaving(dom, true);
        try
        {
            return await Source.PerformAsync(dom, request, isConfirmed: true, call.Cancellation);
        }
        catch
        {
            _holds.Leaving(dom, false);
            throw;
        }
    }

    private (DomainRef Domain, byte[] Cookie) Finish(string name, MigrationRequest request, byte[] cookieIn, bool cancelled)
    {
        _holds.Arriving(name, false);
        return Target.Finish(name, request, cookieIn, cancelled);
    }

    private void Confirm(in DomainRef dom, MigrationRequest request, bool cancelled)
    {
        _holds.Leaving(dom, false);
        Source.Confirm(dom, request, cancelled);
    }
}
