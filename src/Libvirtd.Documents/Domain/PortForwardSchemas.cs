using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>Ports of the host that lead to the guest, where a user's own process (passt) is its network.</summary>
internal static class PortForwardSchemas
{
    private static readonly ValueSchema s_port = Number(0, ushort.MaxValue, nonZero: true);

    public static readonly ElementSchema PortForward = Element("portForward")
        .Attr("proto", OneOf("tcp", "udp"), required: true)
        .Attr("address", Ip, bad: FaultText.Xml("Invalid address '{0}' in <portForward>"))
        .Attr("dev")
        .With(Element("range").Attr("start", s_port).Attr("end", s_port).Attr("to", s_port).Attr("exclude", YesNo).Many())
        .Many();
}
