using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>What limits a disk: its own limits, or those of groups that it shares with others.</summary>
internal static class ThrottleSchemas
{
    private static readonly string[] s_limits =
    [
        "total_bytes_sec", "read_bytes_sec", "write_bytes_sec", "total_iops_sec", "read_iops_sec", "write_iops_sec",
        "total_bytes_sec_max", "read_bytes_sec_max", "write_bytes_sec_max", "total_iops_sec_max", "read_iops_sec_max", "write_iops_sec_max",
        "size_iops_sec", "group_name",
        "total_bytes_sec_max_length", "read_bytes_sec_max_length", "write_bytes_sec_max_length",
        "total_iops_sec_max_length", "read_iops_sec_max_length", "write_iops_sec_max_length",
    ];

    public static readonly ElementSchema Iotune = Limits("iotune", "disk iotune", "group_name");

    /// <summary>Groups that disks name; a group prints its name last.</summary>
    public static readonly ElementSchema Groups = Element("throttlegroups").With(Limits("throttlegroup", "throttle group", null).With(Leaf("group_name")).Many()
        .Then(static (in Scope scope) => scope.Node.Child("group_name") is null
            ? throw Fault.Xml(scope.Context.Domain, "missing group name")
            : true));

    public static readonly ElementSchema Filters = Element("throttlefilters").With(Element("throttlefilter").Attr("group", required: true).Many());

    private static ElementSchema Limits(string element, string what, string? named)
    {
        ElementSchema limits = Element(element);
        foreach (string name in s_limits)
        {
            if (name != "group_name")
                limits.With(Leaf(name, ULongOrZero, FaultText.Xml($"{what} field '{name}' must be an integer")));
            else if (name == named)
                limits.With(Leaf(name));
        }

        return limits;
    }
}
