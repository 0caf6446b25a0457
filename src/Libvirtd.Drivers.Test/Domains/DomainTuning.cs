using System.Globalization;
using Libvirtd.Documents;
using Libvirtd.Protocol;
using Impact = Libvirtd.Protocol.DomainModificationImpact;

namespace Libvirtd.Drivers.Test;

/// <summary>Limits and weights: nothing obeys them, but they are kept and told.</summary>
internal sealed partial class TestDomainDriver
{
    private const uint SchedulerWeight = 50;

    /// <summary>What stands for "no limit": the largest count of KiB whose bytes fit 63 bits.</summary>
    private const ulong MemoryUnlimited = 9007199254740991;

    private static readonly string[] s_events = ["poweroff", "reboot", "crash"];
    private static readonly string[] s_actions = ["destroy", "restart", "rename-restart", "preserve", "coredump-destroy", "coredump-restart"];

    public override ValueTask<DomainGetSchedulerTypeRet> GetSchedulerType(CallContext call, DomainRef dom) =>
        new(new DomainGetSchedulerTypeRet { Type = "fair", Nparams = 1 });

    public override ValueTask<TypedParam[]> GetSchedulerParametersFlags(CallContext call, DomainRef dom, Impact flags)
    {
        // Upstream's server adds this flag on its own, and its driver refuses it: the call never succeeds, and the message names the flag.
        FlagCheck.Require((uint)flags | (uint)TypedParameterFlags.Okay, 0, "testDomainGetSchedulerParametersFlags");
        return GetSchedulerParameters(call, dom);
    }

    public override ValueTask<TypedParam[]> GetSchedulerParameters(CallContext call, DomainRef dom)
    {
        View(dom);
        return new([new TypedParam("weight", SchedulerWeight)]);
    }

    public override ValueTask SetSchedulerParameters(CallContext call, DomainRef dom, TypedParam[] @params) =>
        SetSchedulerParametersFlags(call, dom, @params, Impact.Current);

    /// <summary>Upstream takes the weight and forgets it.</summary>
    public override ValueTask SetSchedulerParametersFlags(CallContext call, DomainRef dom, TypedParam[] @params, Impact flags)
    {
        FlagCheck.Require((uint)flags, 0, "testDomainSetSchedulerParametersFlags");
        TypedParamRules.Require(@params, ("weight", TypedParameterType.Uint));
        View(dom);
        return default;
    }

    public override ValueTask<TypedParam[]> GetMemoryParameters(CallContext call, DomainRef dom, Impact flags)
    {
        FlagCheck.Require((uint)flags, LiveOrConfig | (uint)TypedParameterFlags.Okay, "testDomainGetMemoryParameters");
        Node root = View(dom).One((uint)flags).Document.Root;
        return new(
        [
            new TypedParam("hard_limit", Limit(root, "hard_limit")),
            new TypedParam("soft_limit", Limit(root, "soft_limit")),
            new TypedParam("swap_hard_limit", Limit(root, "swap_hard_limit")),
        ]);
    }

    public override ValueTask SetMemoryParameters(CallContext call, DomainRef dom, TypedParam[] @params, Impact flags)
    {
        FlagCheck.Require((uint)flags, LiveOrConfig, "testDomainSetMemoryParameters");
        TypedParamRules.Require(@params, ("hard_limit", TypedParameterType.Ullong), ("soft_limit", TypedParameterType.Ullong),
            ("swap_hard_limit", TypedParameterType.Ullong));
        using DomainEdit edit = domains.Edit(dom);
        edit.View.One((uint)flags);
        TypedParam? hard = @params.Find("hard_limit");
        TypedParam? swap = @params.Find("swap_hard_limit");
        Node running = edit.View.Definition.Document.Root;
        if ((hard is not null || swap is not null)
            && (hard?.ULong ?? Limit(running, "hard_limit")) > (swap?.ULong ?? Limit(running, "swap_hard_limit")))
        {
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test,
                "memory hard_limit tunable value must be lower than or equal to swap_hard_limit");
        }

        edit.Publish(edit.View.ChangeOne((uint)flags, document => document.With(root =>
        {
            Node tune = root.GetOrAdd("memtune");
            foreach (TypedParam one in @params)
                SetLimit(tune, one.Field, one.ULong);
            if (tune.Children.Count == 0)
                root.Remove(tune);
        })));
        return default;
    }

    public override ValueTask SetLifecycleAction(CallContext call, DomainRef dom, DomainLifecycle type, DomainLifecycleAction action, Impact flags)
    {
        FlagCheck.Require((uint)flags, LiveOrConfig, "testDomainSetLifecycleAction");
        string happened = s_events[(int)type];
        string follows = s_actions[(int)action];
        if (type != DomainLifecycle.Crash && action is DomainLifecycleAction.CoredumpDestroy or DomainLifecycleAction.CoredumpRestart)
        {
            throw VirException.Of(ErrorCode.ConfigUnsupported, ErrorDomain.Domain,
                $"Lifecycle event '{happened}' doesn't support '{follows}' action");
        }

        using DomainEdit edit = domains.Edit(dom);
        edit.Publish(edit.View.ChangeAll((uint)flags, document => document.With(root => root.SetChildText("on_" + happened, follows))));
        return default;
    }

    /// <summary>A limit in KiB; one that is not set is as large as can be.</summary>
    private static ulong Limit(Node root, string name) =>
        ulong.TryParse(root.Child("memtune")?.ChildText(name), NumberStyles.None, CultureInfo.InvariantCulture, out ulong limit)
            ? limit
            : MemoryUnlimited;

    private static void SetLimit(Node tune, string name, ulong kib)
    {
        tune.RemoveAll(name);
        if (kib >= MemoryUnlimited)
            return;
        Node limit = tune.Add(name);
        limit["unit"] = "KiB";
        limit.Text = kib.ToString(CultureInfo.InvariantCulture);
    }
}
