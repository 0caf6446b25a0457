using Libvirtd.Documents;
using Libvirtd.Protocol;
using Impact = Libvirtd.Protocol.DomainModificationImpact;

namespace Libvirtd.Drivers.Test;

/// <summary>Limits that several disks share, as releases younger than the documents' keep them: in <c>&lt;throttlegroups&gt;</c> of the definition.</summary>
internal sealed partial class TestDomainDriver
{
    private const int MostThrottleGroups = 1024;

    public override ValueTask SetThrottleGroup(CallContext call, DomainRef dom, string group, TypedParam[] @params, Impact flags)
    {
        FlagCheck.Require((uint)flags, LiveOrConfig, "testDomainSetThrottleGroup");
        RequireThrottles(@params);
        using DomainEdit edit = domains.Edit(dom);
        edit.Publish(edit.View.ChangeAll((uint)flags, document => document.With(root =>
        {
            Node groups = root.GetOrAdd("throttlegroups");
            Node? one = FindGroup(groups, group);
            if (one is null && groups.Children.Count >= MostThrottleGroups)
                throw VirException.Of(ErrorCode.OperationFailed, ErrorDomain.Test, $"more than {MostThrottleGroups} throttle groups");
            one ??= groups.Add("throttlegroup");
            SetThrottles(one, [.. @params.Where(static param => param.Field != GroupName)], needsMaximum: false);
            one.SetChildText(GroupName, group);
        })));
        return default;
    }

    public override ValueTask DelThrottleGroup(CallContext call, DomainRef dom, string? group, Impact flags)
    {
        FlagCheck.Require((uint)flags, LiveOrConfig, "testDomainDelThrottleGroup");
        using DomainEdit edit = domains.Edit(dom);
        edit.Publish(edit.View.ChangeAll((uint)flags, document => document.With(root =>
        {
            Node? groups = root.Child("throttlegroups");
            Node one = FindGroup(groups, group)
                ?? throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, $"throttlegroup '{group}' was not found in the domain config");
            if (root.Child("devices")!.All("disk").FirstOrDefault(disk => UsesGroup(disk, group!))?.Child("target")?["dev"] is { } disk)
                throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Test, $"throttlegroup '{group}' is still being used by disk {disk}");
            groups!.Remove(one);
            if (groups.Children.Count == 0)
                root.Remove(groups);
        })));
        return default;
    }

    private static bool UsesGroup(Node disk, string group) =>
        disk.Child("throttlefilters")?.All("throttlefilter").Any(filter => filter["group"] == group) == true;

    private static Node? FindGroup(Node? groups, string? name) => groups?.All("throttlegroup").FirstOrDefault(one => one.ChildText(GroupName) == name);
}
