// A driver of its own: lamps that virsh sees as domains. Run it, then: virsh -c 'lights+unix:///?socket=/tmp/lights.sock' list --all
using System.Net.Sockets;
using Libvirtd.Drivers;
using Libvirtd.Protocol;
using Libvirtd.Rpc;

string path = args.FirstOrDefault() ?? "/tmp/lights.sock";
File.Delete(path);
Socket listening = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
listening.Bind(new UnixDomainSocketEndPoint(path));
listening.Listen(100);
await using RpcServer server = new(new RpcServerOptions(), [new LightsDriver()]);
server.Listen(listening, new RpcService());
Console.WriteLine($"virsh -c 'lights+unix:///?socket={path}' list --all");
await Task.Delay(Timeout.Infinite);

internal sealed class LightsDriver : Driver
{
    private readonly Lamps _lamps = new();

    public override string Name => "LIGHTS";

    public override ValueTask<DriverConnection?> OpenAsync(ConnectRequest request, CancellationToken cancel) =>
        new(request.Uri.Scheme == "lights" ? new House(_lamps) : null);
}

internal sealed class House(Lamps lamps) : DriverConnection
{
    public override string Uri => "lights:///";

    public override DomainDriver Domains => lamps;
}

internal sealed class Lamps : DomainDriver
{
    private readonly Dictionary<string, bool> _lamps = new() { ["hall"] = true, ["kitchen"] = false };

    public override ValueTask<DomainRef[]> ListAllDomains(CallContext call, ConnectListAllDomainsFlags flags) =>
        new([.. _lamps.Keys.Select(Reference)]);

    public override ValueTask<DomainRef> LookupByName(CallContext call, string name) =>
        new(_lamps.ContainsKey(name) ? Reference(name) : throw VirException.Of(ErrorCode.NoDomain, ErrorDomain.Domain, name));

    public override ValueTask<DomainGetStateRet> GetState(CallContext call, DomainRef dom, uint flags) =>
        new(new DomainGetStateRet { State = (int)(_lamps[dom.Name] ? DomainState.Running : DomainState.Shutoff), Reason = 0 });

    public override ValueTask Create(CallContext call, DomainRef dom) => Switch(dom, true);

    public override ValueTask Destroy(CallContext call, DomainRef dom) => Switch(dom, false);

    public override ValueTask<DomainRef> LookupByUuid(CallContext call, Guid uuid) => new(Reference(_lamps.Keys.First(name => Reference(name).Uuid == uuid)));

    private ValueTask Switch(DomainRef lamp, bool on)
    {
        _lamps[lamp.Name] = on;
        return default;
    }

    private DomainRef Reference(string name) => new()
    {
        Name = name,
        Uuid = new Guid(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name)).AsSpan(0, 16)),
        Id = _lamps[name] ? Array.IndexOf([.. _lamps.Keys], name) + 1 : -1,
    };
}
