// Lamps that virsh sees as domains: run it, then in another shell the line that it prints.
using System.Net.Sockets;
using Libvirtd.Drivers;
using Libvirtd.Protocol;
using Libvirtd.Rpc;

string path = args.FirstOrDefault() ?? "/tmp/lights.sock";
File.Delete(path);
Socket listening = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
listening.Bind(new UnixDomainSocketEndPoint(path));
listening.Listen();
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
    public override ValueTask<DomainRef[]> ListAllDomains(CallContext call, ConnectListAllDomainsFlags flags) => new([.. _lamps.Keys.Select(Lamp)]);
    public override ValueTask<DomainRef> LookupByName(CallContext call, string name) =>
        new(_lamps.ContainsKey(name) ? Lamp(name) : throw VirException.Of(ErrorCode.NoDomain, ErrorDomain.Domain, $"no lamp named '{name}'"));
    public override ValueTask<DomainRef> LookupByUuid(CallContext call, Guid uuid) => new(_lamps.Keys.Select(Lamp).First(lamp => lamp.Uuid == uuid));
    public override ValueTask<DomainGetStateRet> GetState(CallContext call, DomainRef dom, uint flags) =>
        new(new DomainGetStateRet { State = (int)(_lamps[dom.Name] ? DomainState.Running : DomainState.Shutoff), Reason = 0 });
    public override ValueTask Create(CallContext call, DomainRef dom) => new(Task.FromResult(_lamps[dom.Name] = true));
    public override ValueTask Destroy(CallContext call, DomainRef dom) => new(Task.FromResult(_lamps[dom.Name] = false));
    private DomainRef Lamp(string name)
    {
        int number = Array.IndexOf([.. _lamps.Keys], name) + 1;
        return new() { Name = name, Uuid = new Guid(number, 0, 0, new byte[8]), Id = _lamps[name] ? number : -1 };
    }
}
