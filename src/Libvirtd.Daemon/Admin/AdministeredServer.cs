using Libvirtd.Drivers;
using Libvirtd.Protocol;
using Libvirtd.Rpc;

namespace Libvirtd.Daemon.Admin;

/// <summary>
/// A server under its name. libvirtd's servers have a pool of worker threads; ours has none, as no call occupies a thread while it waits. The
/// sizes are kept and can be changed all the same, and the figures are those that a pool of these sizes would show under the same calls, so
/// that what watches libvirtd keeps working: a worker for each call under way, the rest of the least number free, further calls queued.
/// </summary>
/// <param name="isAsked">Its own calls are those that ask, so that one is under way whenever somebody looks.</param>
internal sealed class AdministeredServer(string name, RpcServer server, WorkerSizes workers, bool isAsked = false)
{
    private readonly Lock _gate = new();
    private WorkerSizes _workers = workers;

    public string Name => name;

    public RpcServer Server => server;

    /// <summary>The pool's sizes and figures, in libvirt's order.</summary>
    public TypedParam[] GetWorkers()
    {
        WorkerSizes sizes;
        lock (_gate) sizes = _workers;
        uint running = isAsked ? 1u : 0, waiting = 0;
        foreach (RpcClient client in server.Clients)
        {
            running += (uint)client.CallsUnderWay;
            waiting += (uint)client.CallsWaiting;
        }
        uint busy = Math.Min(running, sizes.Most);
        uint workers = Math.Max(busy, sizes.Least);
        return
        [
            new(LibvirtConstants.ThreadpoolWorkersMin, sizes.Least),
            new(LibvirtConstants.ThreadpoolWorkersMax, sizes.Most),
            new(LibvirtConstants.ThreadpoolWorkersCurrent, workers),
            new(LibvirtConstants.ThreadpoolWorkersFree, workers - busy),
            new(LibvirtConstants.ThreadpoolWorkersPriority, sizes.Priority),
            new(LibvirtConstants.ThreadpoolJobQueueDepth, waiting + running - busy),
        ];
    }

    /// <exception cref="VirException">A parameter is unknown, or the sizes contradict each other; nothing was changed.</exception>
    public void SetWorkers(TypedParam[] parameters)
    {
        TypedParamRules.Require(parameters, TypedParameterType.Uint,
            LibvirtConstants.ThreadpoolWorkersMin, LibvirtConstants.ThreadpoolWorkersMax, LibvirtConstants.ThreadpoolWorkersPriority);
        lock (_gate)
        {
            WorkerSizes next = new(
                parameters.Find(LibvirtConstants.ThreadpoolWorkersMin)?.UInt ?? _workers.Least,
                parameters.Find(LibvirtConstants.ThreadpoolWorkersMax)?.UInt ?? _workers.Most,
                parameters.Find(LibvirtConstants.ThreadpoolWorkersPriority)?.UInt ?? _workers.Priority);
            if (next.Least > next.Most) throw Invalid(ErrorDomain.None, "minWorkers cannot be larger than maxWorkers");
            if (next.Most == 0 != (_workers.Most == 0))
                throw Invalid(ErrorDomain.None, "maxWorkers must not be switched from zero to non-zero and vice versa");
            _workers = next;
        }
    }

    /// <summary>The limits of clients and how many there are, in libvirt's order.</summary>
    public TypedParam[] GetLimits()
    {
        IReadOnlyList<RpcClient> clients = server.Clients;
        return
        [
            new(LibvirtConstants.ServerClientsMax, (uint)server.Limits.MaxClients),
            new(LibvirtConstants.ServerClientsCurrent, (uint)clients.Count),
            new(LibvirtConstants.ServerClientsUnauthMax, (uint)server.Limits.MaxAnonymousClients),
            new(LibvirtConstants.ServerClientsUnauthCurrent, (uint)clients.Count(client => !client.IsAuthenticated)),
        ];
    }

    /// <exception cref="VirException">A parameter is unknown, or the limits contradict each other; nothing was changed.</exception>
    public void SetLimits(TypedParam[] parameters)
    {
        TypedParamRules.Require(parameters, TypedParameterType.Uint, LibvirtConstants.ServerClientsMax, LibvirtConstants.ServerClientsUnauthMax);
        lock (_gate)
        {
            ClientLimits next = new(
                ToInt(parameters.Find(LibvirtConstants.ServerClientsMax)?.UInt) ?? server.Limits.MaxClients,
                ToInt(parameters.Find(LibvirtConstants.ServerClientsUnauthMax)?.UInt) ?? server.Limits.MaxAnonymousClients);
            if (next.MaxClients < next.MaxAnonymousClients)
            {
                throw Invalid(ErrorDomain.Rpc, "The overall maximum number of clients waiting for authentication must not be less than "
                    + "the overall maximum number of clients"); // as libvirt 9.0 has it
            }
            server.Limits = next;
        }
    }

    private static int? ToInt(uint? value) => value is { } given ? (int)Math.Min(given, int.MaxValue) : null;

    private static VirException Invalid(ErrorDomain domain, string detail) => VirException.Of(ErrorCode.InvalidArg, domain, detail);
}

/// <summary>The configured sizes of a pool of workers.</summary>
/// <param name="Least">min_workers, kept also when there is nothing to do.</param>
/// <param name="Most">max_workers.</param>
/// <param name="Priority">prio_workers, for calls that never wait for a guest.</param>
internal readonly record struct WorkerSizes(uint Least, uint Most, uint Priority);
