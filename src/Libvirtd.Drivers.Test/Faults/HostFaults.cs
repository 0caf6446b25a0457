using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>The faults of one host: rules for calls, for events, for block jobs, and agents that do not answer. Safe for any number of threads.</summary>
internal sealed class HostFaults
{
    private const int MostRules = 1024;

    private readonly Lock _lock = new();
    private readonly FaultInterceptor _interceptor;
    private readonly List<FaultRule> _rules = [];
    private readonly List<FaultRule> _spent = [];
    private readonly Random _chance;
    private CallInterceptor? _active;
    private int _lastId;

    public HostFaults(TestHost host)
    {
        _interceptor = new FaultInterceptor(this, host.Time);
        _chance = new Random(host.Options.Seed ?? 0);
        Events = new EventFaults(host.Events, host.Time);
        Jobs = new JobFaults();
        foreach (FaultRule rule in host.Options.MakeFaults())
            Add(rule);
    }

    /// <summary>What the host's connections set in the way of calls; null while there is no rule.</summary>
    public CallInterceptor? Interceptor => Volatile.Read(ref _active);

    public EventFaults Events { get; }

    public JobFaults Jobs { get; }

    /// <summary>The rules, in the order in which they were made; those whose calls are all hit stay while one of these calls waits.</summary>
    public FaultRule[] Rules
    {
        get
        {
            lock (_lock)
            {
                _spent.RemoveAll(static rule => rule.Waiting == 0);
                return [.. _spent.Concat(_rules).OrderBy(static rule => rule.Id)];
            }
        }
    }

    /// <summary>Adds a rule; returns its number.</summary>
    public int Add(FaultRule rule)
    {
        lock (_lock)
        {
            if (_rules.Count == MostRules)
                throw new MonitorException($"There are {MostRules} faults already");
            rule.Id = ++_lastId;
            _rules.Add(rule);
            Volatile.Write(ref _active, _interceptor);
            return rule.Id;
        }
    }

    /// <summary>Forgets a rule, or all of them; the calls that wait for it go on.</summary>
    /// <returns>How many rules there were.</returns>
    public int Remove(int? id)
    {
        FaultRule[] gone = [.. Rules.Where(rule => id is null || rule.Id == id)];
        lock (_lock)
        {
            _rules.RemoveAll(gone.Contains);
            if (_rules.Count == 0)
                Volatile.Write(ref _active, null);
        }

        foreach (FaultRule rule in gone)
            rule.Release();
        return gone.Length;
    }

    /// <summary>The rule that hits this call, or the stream that it has opened; null for none.</summary>
    public FaultRule? Take(string api, bool isStream)
    {
        lock (_lock)
        {
            foreach (FaultRule rule in _rules)
            {
                if (rule.Bytes is null == isStream || !rule.Matches(api))
                    continue;
                if (rule.Skip > 0)
                {
                    rule.Skip--;
                    continue;
                }

                if (rule.Chance < 1 && _chance.NextDouble() >= rule.Chance)
                    continue;
                rule.Hits++;
                if (rule.Remaining > 0 && --rule.Remaining == 0)
                    Spend(rule);
                return rule;
            }
        }

        return null;
    }

    private void Spend(FaultRule rule)
    {
        _rules.Remove(rule);
        _spent.RemoveAll(static other => other.Waiting == 0 && other.Action == FaultAction.Hang);
        if (rule.Action == FaultAction.Hang)
            _spent.Add(rule);
        if (_rules.Count == 0)
            Volatile.Write(ref _active, null);
    }
}
