using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>What the guest finds in its SMBIOS tables or in its firmware configuration.</summary>
internal static class SysinfoSchema
{
    public static readonly ElementSchema Sysinfo = Switch("sysinfo", static (raw, _) => raw["type"],
        ("smbios", Element("sysinfo").Attr("type").With(
            Block("bios", "vendor", "version", "date", "release"),
            Block("system", "manufacturer", "product", "version", "serial", "uuid", "sku", "family"),
            Block("baseBoard", "manufacturer", "product", "version", "serial", "asset", "location").Many(),
            Block("chassis", "manufacturer", "version", "serial", "asset", "sku"),
            Element("oemStrings").With(Element("entry").Text(required: true).Keep().Many())).Open()),
        ("fwcfg", Element("sysinfo").Attr("type").With(Leaf("entry").Attr("name", missing: FaultText.Xml("Firmware entry is missing 'name' attribute")).Attr("file").Keep().Many()
            .Then(static (in Scope scope) =>
            {
                if (scope.Node.Text is null && !scope.Node.Has("file"))
                    throw Fault.Xml(scope.Context.Domain, "Firmware entry must have either value or 'file' attribute");
                if (scope.Node.Has("file"))
                    scope.Node.Text = null;
                return true;
            }))),
        ("", Element("sysinfo").Attr("type", OneOf("smbios", "fwcfg"), required: true))).Many();

    /// <summary>A block of named entries; the known names are printed in their order, the first of each.</summary>
    private static ElementSchema Block(string name, params string[] entries) => Element(name)
        .With(Leaf("entry").Attr("name").Many())
        .Then((in Scope scope) =>
        {
            Node[] given = scope.Node.All("entry").ToArray();
            scope.Node.RemoveAll("entry");
            foreach (string entry in entries)
            {
                if (Array.Find(given, one => one["name"] == entry) is { } found)
                    scope.Node.Add(found);
            }

            return true;
        });
}
