using System.Globalization;
using Libvirtd.Documents;
using Libvirtd.Protocol;
using Impact = Libvirtd.Protocol.DomainModificationImpact;

namespace Libvirtd.Drivers.Test;

/// <summary>Limits of block I/O, of the whole domain on a device of the host and of one disk: kept and told, obeyed by nothing.</summary>
internal sealed partial class TestDomainDriver
{
    private const ulong MostThrottle = 1000000000000000;
    private const string GroupName = "group_name";

    /// <summary>The names of the parameters, and of the elements that keep them.</summary>
    private static readonly (string Field, string Element)[] s_blkio =
    [
        ("device_weight", "weight"), ("device_read_iops_sec", "read_iops_sec"), ("device_write_iops_sec", "write_iops_sec"),
        ("device_read_bytes_sec", "read_bytes_sec"), ("device_write_bytes_sec", "write_bytes_sec"),
    ];

    /// <summary>The limits of a disk, in the order in which they are told.</summary>
    private static readonly string[] s_throttles =
    [
        "total_bytes_sec", "read_bytes_sec", "write_bytes_sec", "total_iops_sec", "read_iops_sec", "write_iops_sec",
        "total_bytes_sec_max", "read_bytes_sec_max", "write_bytes_sec_max", "total_iops_sec_max", "read_iops_sec_max", "write_iops_sec_max",
        "size_iops_sec", GroupName, "total_bytes_sec_max_length", "read_bytes_sec_max_length", "write_bytes_sec_max_length",
        "total_iops_sec_max_length", "read_iops_sec_max_length", "write_iops_sec_max_length",
    ];

    public override ValueTask<TypedParam[]> GetBlkioParameters(CallContext call, DomainRef dom, Impact flags)
    {
        FlagCheck.Require((uint)flags, LiveOrConfig | (uint)TypedParameterFlags.Okay, "testDomainGetBlkioParameters");
        Node? tune = View(dom).One((uint)flags).Document.Root.Child("blkiotune");
        _ = uint.TryParse(tune?.ChildText("weight"), NumberStyles.None, CultureInfo.InvariantCulture, out uint weight);
        return new([new TypedParam("weight", weight), .. s_blkio.Select(one => new TypedParam(one.Field, BlkioText(tune, one.Element)))]);
    }

    public override ValueTask SetBlkioParameters(CallContext call, DomainRef dom, TypedParam[] @params, Impact flags)
    {
        FlagCheck.Require((uint)flags, LiveOrConfig, "testDomainSetBlkioParameters");
        TypedParamRules.Require(@params,
            [("weight", TypedParameterType.Uint), .. s_blkio.Select(static one => (one.Field, TypedParameterType.String))]);
        using DomainEdit edit = domains.Edit(dom);
        VirException? fault = null;
        DomainView view = edit.View.ChangeOne((uint)flags, document => document.With(root =>
        {
            Node tune = root.GetOrAdd("blkiotune");
            foreach (TypedParam one in @params)
            {
                // As upstream has it, one that cannot be read does not keep the others from being set.
                if (one.Field == "weight")
                    tune.SetChildText("weight", one.UInt == 0 ? null : Number(one.UInt));
                else if (BlkioDevice.Parse(one.Field, one.Text, out List<BlkioDevice> devices) is { } wrong)
                    fault = wrong;
                else
                    SetBlkio(tune, Array.Find(s_blkio, pair => pair.Field == one.Field).Element, devices);
            }

            if (tune.Children.Count == 0)
                root.Remove(tune);
        }));
        edit.Publish(view);
        return fault is null ? default : throw fault;
    }

    public override ValueTask<TypedParam[]> GetBlockIoTune(CallContext call, DomainRef dom, string? disk, Impact flags)
    {
        FlagCheck.Require((uint)flags, LiveOrConfig | (uint)TypedParameterFlags.Okay, "testDomainGetBlockIoTune");
        // Without a disk only the number of limits is asked for.
        if (disk is null)
            return new(Array.ConvertAll(s_throttles, static name => new TypedParam(name, 0ul)));
        DomainDisk found = View(dom).One((uint)flags).FindDisk(disk)
            ?? throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, $"disk '{disk}' was not found in the domain config");
        Node? tune = found.Node.Child("iotune");
        return new(Array.ConvertAll(s_throttles, name => name == GroupName
            ? new TypedParam(name, tune?.ChildText(name) ?? "")
            : new TypedParam(name, ThrottleValue(tune, name))));
    }

    public override ValueTask SetBlockIoTune(CallContext call, DomainRef dom, string disk, TypedParam[] @params, Impact flags)
    {
        FlagCheck.Require((uint)flags, LiveOrConfig, "testDomainSetBlockIoTune");
        RequireThrottles(@params);
        using DomainEdit edit = domains.Edit(dom);
        DomainDefinition definition = edit.View.One((uint)flags);
        DomainDisk found = definition.FindDisk(disk)
            ?? throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, $"missing persistent configuration for disk '{disk}'");
        string target = found.Target;
        edit.Publish(edit.View.ChangeOne((uint)flags, document => document.With(root =>
        {
            Node node = root.Child("devices")!.All("disk").First(one => one.Child("target")?["dev"] == target);
            Node tune = node.GetOrAdd("iotune");
            SetThrottles(tune, @params);
            if (tune.Children.Count == 0)
                node.Remove(tune);
        })));
        return default;
    }

    private static void RequireThrottles(TypedParam[] given) => TypedParamRules.Require(given,
        Array.ConvertAll(s_throttles, static name => (name, name == GroupName ? TypedParameterType.String : TypedParameterType.Ullong)));

    /// <summary>Sets limits, which must agree with each other and with those that are there.</summary>
    /// <param name="tune">Where they stand.</param>
    /// <param name="given">The new ones; zero takes a limit away.</param>
    /// <param name="needsMaximum">Whether a limit must have a maximum, as that of a disk must in upstream's test driver.</param>
    private static void SetThrottles(Node tune, TypedParam[] given, bool needsMaximum = true)
    {
        foreach (TypedParam one in given)
        {
            if (one.Field != GroupName && one.ULong > MostThrottle)
            {
                throw VirException.Of(ErrorCode.ArgumentUnsupported, ErrorDomain.Test,
                    $"block I/O throttle limit value must be no more than {MostThrottle}");
            }

            if (one.Field == GroupName)
                tune.GetOrAdd(GroupName).Text = one.Text; // an empty one too
            else
                tune.SetChildText(one.Field, one.ULong == 0 ? null : one.ULong.ToString(CultureInfo.InvariantCulture));
        }

        foreach (string suffix in (ReadOnlySpan<string>)["bytes_sec", "iops_sec", "bytes_sec_max", "iops_sec_max"])
        {
            if (ThrottleValue(tune, "total_" + suffix) != 0
                && (ThrottleValue(tune, "read_" + suffix) != 0 || ThrottleValue(tune, "write_" + suffix) != 0))
            {
                throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, $"total and read/write of {suffix} cannot be set at the same time");
            }
        }

        foreach (string name in s_throttles.AsSpan(0, 6))
        {
            ulong most = ThrottleValue(tune, name + "_max");
            if (ThrottleValue(tune, name) > most && (needsMaximum || most != 0))
                throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, $"{name} cannot be set higher than {name}_max ");
        }
    }

    private static ulong ThrottleValue(Node? tune, string name) =>
        ulong.TryParse(tune?.ChildText(name), NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) ? value : 0;

    private static string BlkioText(Node? tune, string element) => string.Join(',', (tune?.All("device") ?? [])
        .Where(one => one.ChildText(element) is not (null or "0"))
        .Select(one => $"{one.ChildText("path")},{one.ChildText(element)}"));

    private static void SetBlkio(Node tune, string element, List<BlkioDevice> devices)
    {
        foreach (BlkioDevice one in devices)
        {
            Node? known = tune.All("device").FirstOrDefault(device => device.ChildText("path") == one.Path);
            if (known is null)
            {
                if (one.Value == 0)
                    continue;
                known = tune.Add("device");
                known.Add("path").Text = one.Path;
            }

            known.SetChildText(element, one.Value == 0 ? null : one.Value.ToString(CultureInfo.InvariantCulture));
            if (known.Children.Count == 1)
                tune.Remove(known);
        }
    }
}
