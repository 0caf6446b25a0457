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
            Element("oemStrings").With(Leaf("entry").Many())).Open()),
        ("fwcfg", Element("sysinfo").Attr("type").With(Leaf("entry").Attr("name").Attr("file").Keep().Many())),
        ("", Element("sysinfo").Attr("type", OneOf("smbios", "fwcfg"), required: true))).Many();

    /// <summary>A block of named entries; the known names are printed in their order, the first of each.</summary>
    private static ElementSchema Block(string name, params string[] entries) => Element(name)
        .With(Leaf("entry").Attr("name", required: true).Many())
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
