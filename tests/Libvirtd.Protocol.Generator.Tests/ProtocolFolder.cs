using System.Reflection;
using Libvirtd.Protocol.Generator.Model;
using Libvirtd.Protocol.Generator.Parsing;

namespace Libvirtd.Protocol.Generator.Tests;

/// <summary>The .x files of the tree.</summary>
internal static class ProtocolFolder
{
    public static string Path { get; } = typeof(ProtocolFolder).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "ProtocolFolder").Value!;

    public static ProtocolModel Model() => new([.. Directory.GetFiles(Path, "*.x").Order(StringComparer.Ordinal)
        .Select(path => Parser.Parse(path, File.ReadAllText(path)))]);
}
