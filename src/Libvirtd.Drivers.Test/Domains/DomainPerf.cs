using Libvirtd.Documents;
using Libvirtd.Protocol;
using Impact = Libvirtd.Protocol.DomainModificationImpact;

namespace Libvirtd.Drivers.Test;

/// <summary>The counters of performance events: which are on is kept and told.</summary>
internal sealed partial class TestDomainDriver
{
    private static readonly string[] s_perfEvents =
    [
        "cmt", "mbmt", "mbml", "cpu_cycles", "instructions", "cache_references", "cache_misses", "branch_instructions", "branch_misses", "bus_cycles",
        "stalled_cycles_frontend", "stalled_cycles_backend", "ref_cpu_cycles", "cpu_clock", "task_clock", "page_faults", "context_switches",
        "cpu_migrations", "page_faults_min", "page_faults_maj", "alignment_faults", "emulation_faults",
    ];

    public override ValueTask<TypedParam[]> GetPerfEvents(CallContext call, DomainRef dom, Impact flags)
    {
        FlagCheck.Require((uint)flags, LiveOrConfig | (uint)TypedParameterFlags.Okay, "testDomainGetPerfEvents");
        Node? perf = View(dom).One((uint)flags).Document.Root.Child("perf");
        return new(Array.ConvertAll(s_perfEvents, name => new TypedParam(name, IsPerfEventOn(perf, name))));
    }

    public override ValueTask SetPerfEvents(CallContext call, DomainRef dom, TypedParam[] @params, Impact flags)
    {
        FlagCheck.Require((uint)flags, LiveOrConfig, "testDomainSetPerfEvents");
        TypedParamRules.Require(@params, TypedParameterType.Boolean, s_perfEvents);
        using DomainEdit edit = domains.Edit(dom);
        edit.Publish(edit.View.ChangeOne((uint)flags, document => document.With(root =>
        {
            Node perf = root.GetOrAdd("perf");
            Dictionary<string, string> states = [];
            foreach (Node one in perf.All("event"))
                states[one["name"]!] = one["enabled"]!;
            foreach (TypedParam one in @params)
                states[one.Field] = one.Boolean ? "yes" : "no";
            perf.RemoveAll("event");
            foreach (string name in s_perfEvents)
            {
                if (!states.TryGetValue(name, out string? state))
                    continue;
                Node entry = perf.Add("event");
                entry["name"] = name;
                entry["enabled"] = state;
            }

            if (perf.Children.Count == 0)
                root.Remove(perf);
        })));
        return default;
    }

    private static bool IsPerfEventOn(Node? perf, string name) =>
        perf?.All("event").FirstOrDefault(one => one["name"] == name)?["enabled"] == "yes";
}
