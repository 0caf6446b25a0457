using System.Globalization;
using Libvirtd.Daemon.Hosting;
using Libvirtd.Daemon.Logging;
using Libvirtd.Drivers;
using Libvirtd.Protocol;
using Libvirtd.Rpc;
using Libvirtd.Rpc.Transport;

namespace Libvirtd.Daemon.Admin;

/// <summary>
/// Answers the admin program (virt-admin): the daemon's servers with their clients and limits, its log, its end. Nothing here is kept between
/// calls, so a connection needs no opening and takes a second one.
/// </summary>
internal sealed class AdminServer(IReadOnlyList<AdministeredServer> servers, DaemonLog log, IDaemonControl daemon) : AdminDriver
{
    private const uint PreserveGuests = 1;

    public override ValueTask Open(CallContext call, uint flags)
    {
        NoFlags(flags, "adminDispatchConnectOpen");
        return default;
    }

    // The session closes once this is answered.
    public override ValueTask Close(CallContext call) => default;

    public override ValueTask<ulong> GetLibVersion(CallContext call) => new((ulong)LibvirtVersion.Number);

    public override ValueTask<AdminServerRef[]> ListServers(CallContext call, uint flags)
    {
        NoFlags(flags, "adminConnectListServers");
        return new([.. servers.Select(server => new AdminServerRef { Name = server.Name })]);
    }

    // libvirtd takes any flags here.
    public override ValueTask<AdminServerRef> LookupServer(CallContext call, string name, uint flags) => new(new AdminServerRef { Name = Find(name).Name });

    public override ValueTask<TypedParam[]> ServerGetThreadpoolParameters(CallContext call, AdminServerRef srv, uint flags)
    {
        AdministeredServer server = Find(srv.Name);
        NoFlags(flags, "adminServerGetThreadPoolParameters");
        return new(server.GetWorkers());
    }

    public override ValueTask ServerSetThreadpoolParameters(CallContext call, AdminServerRef srv, TypedParam[] @params, uint flags)
    {
        AdministeredServer server = FindToChange(srv.Name);
        NoFlags(flags, "adminServerSetThreadPoolParameters");
        server.SetWorkers(@params);
        return default;
    }

    public override ValueTask<AdminClientRef[]> ServerListClients(CallContext call, AdminServerRef srv, uint flags)
    {
        AdministeredServer server = Find(srv.Name);
        NoFlags(flags, "adminServerListClients");
        return new([.. server.Server.Clients.Select(client => Refer(server, client))]);
    }

    public override ValueTask<AdminClientRef> ServerLookupClient(CallContext call, AdminServerRef srv, ulong id, uint flags)
    {
        AdministeredServer server = Find(srv.Name);
        NoFlags(flags, "adminServerLookupClient");
        return new(Refer(server, Find(server, id)));
    }

    public override ValueTask<TypedParam[]> ClientGetInfo(CallContext call, AdminClientRef clnt, uint flags)
    {
        AdministeredServer server = FindToChange(clnt.Srv.Name);
        RpcClient client = FindClient(server, clnt.Id) ?? throw VirException.Of(
            ErrorCode.NoClient, ErrorDomain.Admin, string.Create(CultureInfo.InvariantCulture, $"no client with matching id '{clnt.Id}' found"));
        NoFlags(flags, "adminClientGetInfo");
        return new(ClientInfo.Of(client));
    }

    public override ValueTask ClientClose(CallContext call, AdminClientRef clnt, uint flags)
    {
        RpcClient client = Find(Find(clnt.Srv.Name), clnt.Id);
        NoFlags(flags, "adminClientClose");
        client.Close();
        return default;
    }

    public override ValueTask<TypedParam[]> ServerGetClientLimits(CallContext call, AdminServerRef srv, uint flags)
    {
        AdministeredServer server = Find(srv.Name);
        NoFlags(flags, "adminServerGetClientLimits");
        return new(server.GetLimits());
    }

    public override ValueTask ServerSetClientLimits(CallContext call, AdminServerRef srv, TypedParam[] @params, uint flags)
    {
        AdministeredServer server = FindToChange(srv.Name);
        NoFlags(flags, "adminServerSetClientLimits");
        server.SetLimits(@params);
        return default;
    }

    public override ValueTask<AdminConnectGetLoggingOutputsRet> GetLoggingOutputs(CallContext call, uint flags)
    {
        NoFlags(flags, "adminConnectGetLoggingOutputs");
        IReadOnlyList<LogOutput> outputs = log.Rules.Outputs;
        return new(new AdminConnectGetLoggingOutputsRet { Outputs = LogRuleText.Of(outputs), Noutputs = (uint)outputs.Count });
    }

    public override ValueTask<AdminConnectGetLoggingFiltersRet> GetLoggingFilters(CallContext call, uint flags)
    {
        NoFlags(flags, "adminConnectGetLoggingFilters");
        IReadOnlyList<LogFilter> filters = log.Rules.Filters;
        return new(new AdminConnectGetLoggingFiltersRet
        {
            Filters = filters.Count == 0 ? null : LogRuleText.Of(filters),
            Nfilters = (uint)filters.Count,
        });
    }

    public override ValueTask SetLoggingOutputs(CallContext call, string? outputs, uint flags)
    {
        NoFlags(flags, "adminConnectSetLoggingOutputs");
        ChangeLog(() => log.SetOutputs(LogRuleParser.Outputs(outputs ?? "")));
        return default;
    }

    public override ValueTask SetLoggingFilters(CallContext call, string? filters, uint flags)
    {
        NoFlags(flags, "adminConnectSetLoggingFilters");
        ChangeLog(() => log.SetFilters(LogRuleParser.Filters(filters ?? "")));
        return default;
    }

    public override ValueTask ServerUpdateTlsFiles(CallContext call, AdminServerRef srv, uint flags)
    {
        Find(srv.Name);
        NoFlags(flags, "adminServerUpdateTlsFiles");
        throw VirException.Internal(ErrorDomain.Rpc, "no tls service found, unable to update tls files");
    }

    public override ValueTask SetDaemonTimeout(CallContext call, uint timeout, uint flags)
    {
        NoFlags(flags, "adminConnectSetDaemonTimeout");
        daemon.SetIdleTimeout(TimeSpan.FromSeconds(timeout));
        return default;
    }

    // Guests outlive the daemon with or without the flag.
    public override ValueTask DaemonShutdown(CallContext call, uint flags)
    {
        NoFlags(flags & ~PreserveGuests, "adminConnectDaemonShutdown");
        daemon.Shutdown();
        return default;
    }

    private static void NoFlags(uint flags, string function)
    {
        if (flags != 0) throw VirException.UnsupportedFlags(ErrorDomain.Admin, flags, function);
    }

    private static void ChangeLog(Action change)
    {
        try
        {
            change();
        }
        catch (FormatException failure)
        {
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.None, failure.Message);
        }
        catch (DaemonStartException failure)
        {
            throw new VirException(ErrorCode.SystemError, ErrorDomain.None, failure.Message, "%s", failure.Message, inner: failure);
        }
    }

    private static AdminClientRef Refer(AdministeredServer server, RpcClient client) => new()
    {
        Srv = new AdminServerRef { Name = server.Name },
        Id = (ulong)client.Id,
        Timestamp = client.Connected.ToUnixTimeSeconds(),
        Transport = client.Transport == TransportKind.Unix ? 0u : 1u,
    };

    private static RpcClient? FindClient(AdministeredServer server, ulong id) => id > long.MaxValue ? null : server.Server.FindClient((long)id);

    private static RpcClient Find(AdministeredServer server, ulong id) => FindClient(server, id) ?? throw VirException.Of(
        ErrorCode.NoClient, ErrorDomain.Rpc, string.Create(CultureInfo.InvariantCulture, $"No client with matching ID '{id}'"));

    private AdministeredServer? FindServer(string name) => servers.FirstOrDefault(server => server.Name == name);

    private AdministeredServer Find(string name) =>
        FindServer(name) ?? throw VirException.Of(ErrorCode.NoServer, ErrorDomain.Rpc, $"No server named '{name}'");

    // What libvirtd dispatches by hand words it differently.
    private AdministeredServer FindToChange(string name) =>
        FindServer(name) ?? throw VirException.Of(ErrorCode.NoServer, ErrorDomain.Admin, $"no server with matching name '{name}' found");
}
