using Xunit;

namespace Libvirtd.Documents.Tests;

/// <summary>
/// Pairs of files: a document, and what libvirt 9.0.0's test driver prints for it (or its error). Ours must be the same, byte for byte.
/// </summary>
public sealed class GoldenTests
{
    public static TheoryData<string> Domains => Golden.Names("domain");

    [Theory]
    [MemberData(nameof(Domains))]
    public void Domain_prints_as_upstream_prints_it(string name) => Golden.Check("domain", name, Golden.PrintDomain);
}
