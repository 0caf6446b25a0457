using System.Collections.Concurrent;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Which guests' agents answer: all but those that were stopped, and, where booting takes its time, those of guests that still boot.</summary>
internal sealed class GuestAgents(TestHost host)
{
    private readonly ConcurrentDictionary<Guid, bool> _stopped = new();
    private readonly ConcurrentDictionary<Guid, long> _starts = new();

    /// <summary>A guest begins a life.</summary>
    public void Started(Guid domain)
    {
        if (host.Options.Boot > TimeSpan.Zero)
            _starts[domain] = host.Time.GetTimestamp();
    }

    /// <summary>A guest's life has ended.</summary>
    public void Stopped(Guid domain) => _starts.TryRemove(domain, out _);

    public bool Answers(Guid domain) => !_stopped.ContainsKey(domain)
        && (!_starts.TryGetValue(domain, out long start) || host.Time.GetElapsedTime(start) >= host.Options.Boot);

    /// <summary>Stops the agent, or lets it answer again; what changes is told by an event.</summary>
    /// <returns>Whether anything changed.</returns>
    public bool Set(DomainView view, bool answers)
    {
        Guid domain = view.Definition.Uuid;
        if (!(answers ? _stopped.TryRemove(domain, out _) : _stopped.TryAdd(domain, true)))
            return false;
        if (view.IsActive && host.Events.HasListeners)
        {
            host.Events.Raise(new DomainAgentLifecycleEvent
            {
                Dom = view.Ref,
                State = (int)(answers ? ConnectDomainEventAgentLifecycleState.Connected : ConnectDomainEventAgentLifecycleState.Disconnected),
                Reason = (int)ConnectDomainEventAgentLifecycleReason.Channel,
            });
        }

        return true;
    }

    /// <summary>Refuses a call that only the agent can answer while it does not.</summary>
    /// <exception cref="VirException">VIR_ERR_AGENT_UNRESPONSIVE.</exception>
    public void Require(DomainView view)
    {
        if (!Answers(view.Definition.Uuid))
            throw VirException.Of(ErrorCode.AgentUnresponsive, ErrorDomain.Test, "QEMU guest agent is not connected");
    }
}
