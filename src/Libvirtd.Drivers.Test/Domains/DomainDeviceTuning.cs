using System.Globalization;
using Libvirtd.Documents;
using Libvirtd.Protocol;
using Impact = Libvirtd.Protocol.DomainModificationImpact;

namespace Libvirtd.Drivers.Test;

/// <summary>An interface's bandwidth and the domain's NUMA placement: kept and told, obeyed by nothing.</summary>
internal sealed partial class TestDomainDriver
{
    private static readonly string[] s_bandwidth =
        ["inbound.average", "inbound.peak", "inbound.burst", "inbound.floor", "outbound.average", "outbound.peak", "outbound.burst"];

    private static readonly string[] s_numaModes = ["strict", "preferred", "interleave", "restrictive"];

    public override ValueTask<TypedParam[]> GetInterfaceParameters(CallContext call, DomainRef dom, string device, Impact flags)
    {
        FlagCheck.Require((uint)flags, LiveOrConfig | (uint)TypedParameterFlags.Okay, "testDomainGetInterfaceParameters");
        Node? bandwidth = FindInterface(View(dom).One((uint)flags).Document, device).Child("bandwidth");
        return new(Array.ConvertAll(s_bandwidth, field =>
        {
            (string side, string name) = Split(field);
            _ = uint.TryParse(bandwidth?.Child(side)?[name], NumberStyles.None, CultureInfo.InvariantCulture, out uint value);
            return new TypedParam(field, value);
        }));
    }

    public override ValueTask SetInterfaceParameters(CallContext call, DomainRef dom, string device, TypedParam[] @params, Impact flags)
    {
        FlagCheck.Require((uint)flags, LiveOrConfig, "testDomainSetInterfaceParameters");
        TypedParamRules.Require(@params, TypedParameterType.Uint, s_bandwidth);
        using DomainEdit edit = domains.Edit(dom);
        FindInterface(edit.View.One((uint)flags).Document, device);
        edit.Publish(edit.View.ChangeOne((uint)flags, document => document.With(root =>
        {
            Node net = root.Child("devices")!.All("interface").First(one => Is(new Documents.DomainInterface(one), device));
            Node bandwidth = net.GetOrAdd("bandwidth");
            SetBandwidth(bandwidth, "inbound", @params);
            SetBandwidth(bandwidth, "outbound", @params);
        })));
        return default;
    }

    public override ValueTask<TypedParam[]> GetNumaParameters(CallContext call, DomainRef dom, Impact flags)
    {
        FlagCheck.Require((uint)flags, LiveOrConfig | (uint)TypedParameterFlags.Okay, "testDomainGetNumaParameters");
        Node? memory = View(dom).One((uint)flags).Document.Root.Find("numatune", "memory");
        int mode = Math.Max(Array.IndexOf(s_numaModes, memory?["mode"]), 0);
        return new([new TypedParam("numa_mode", mode), new TypedParam("numa_nodeset", memory?["nodeset"] ?? "")]);
    }

    public override ValueTask SetNumaParameters(CallContext call, DomainRef dom, TypedParam[] @params, Impact flags)
    {
        FlagCheck.Require((uint)flags, LiveOrConfig, "testDomainSetNumaParameters");
        TypedParamRules.Require(@params, ("numa_mode", TypedParameterType.Int), ("numa_nodeset", TypedParameterType.String));
        using DomainEdit edit = domains.Edit(dom);
        DomainView view = edit.View;
        bool isLive = view.IsLiveAlone((uint)flags);
        string? mode = null;
        string? nodes = null;
        foreach (TypedParam param in @params)
        {
            if (param.Field == "numa_mode")
                mode = NumaMode(param.Int);
            else
                nodes = NumaNodes(param.Text);
        }

        Node root = view.One((uint)flags).Document.Root;
        Node? memory = root.Find("numatune", "memory");
        string? present = memory?["mode"];
        if (isLive && mode is not null && present is not null && mode != present)
            throw Invalid("can't change numatune mode for running domain");
        if (nodes is null && memory?["nodeset"] is null && root.Child("vcpu")?["placement"] != "auto")
        {
            throw VirException.Of(ErrorCode.ConfigUnsupported, ErrorDomain.Domain,
                "nodeset for NUMA memory tuning must be set if 'placement' is 'static'");
        }

        edit.Publish(view.ChangeOne((uint)flags, document => document.With(changed =>
        {
            Node tune = changed.GetOrAdd("numatune").GetOrAdd("memory");
            tune["mode"] = mode ?? present ?? s_numaModes[0];
            if (nodes is not null)
                tune["nodeset"] = nodes;
        })));
        return default;
    }

    /// <summary>
    /// An average makes a direction's limits, a zero one removes them; one that is not named stays as it is. What holds them stays, even empty.
    /// </summary>
    private static void SetBandwidth(Node bandwidth, string side, TypedParam[] given)
    {
        uint average = given.Find(side + ".average")?.UInt ?? 0;
        uint floor = given.Find(side + ".floor")?.UInt ?? 0;
        bool isNamed = given.Find(side + ".average") is not null || given.Find(side + ".floor") is not null;
        if (!isNamed && bandwidth.Child(side) is not null)
            return;
        bandwidth.RemoveAll(side);
        if (average == 0 && floor == 0)
            return;
        Node limits = bandwidth.Add(side);
        foreach (string field in s_bandwidth)
        {
            (string one, string name) = Split(field);
            if (one == side && given.Find(field) is { UInt: > 0 } value)
                limits[name] = value.UInt.ToString(CultureInfo.InvariantCulture);
        }
    }

    private static (string Side, string Name) Split(string field)
    {
        int dot = field.IndexOf('.', StringComparison.Ordinal);
        return (field[..dot], field[(dot + 1)..]);
    }

    private static string NumaMode(int mode) => (uint)mode < (uint)s_numaModes.Length
        ? s_numaModes[mode]
        : throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, $"unsupported numatune mode: '{mode}'");

    private static string NumaNodes(string text)
    {
        if (!NumberSet.TryParse(text, out NumberSet? nodes))
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.None, $"Failed to parse bitmap '{text}'");
        return nodes.IsEmpty ? throw Invalid($"Invalid nodeset of 'numatune': {text}") : nodes.ToString();
    }

    private static bool Is(Documents.DomainInterface net, string device) =>
        net.TargetDevice == device || net.Mac.Equals(device, StringComparison.OrdinalIgnoreCase);

    private static Node FindInterface(DomainDocument document, string device)
    {
        foreach (Documents.DomainInterface net in document.Interfaces)
        {
            if (Is(net, device))
                return net.Node;
        }

        throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Domain, $"'{device}' is not a known interface");
    }
}
