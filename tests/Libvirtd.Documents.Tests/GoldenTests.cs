using Xunit;

namespace Libvirtd.Documents.Tests;

/// <summary>
/// Pairs of files: a document, and what libvirt 9.0.0's test driver prints for it (or its error), or 11.3.0's for the newer-* ones. Ours must be the
/// same, byte for byte.
/// </summary>
public sealed class GoldenTests
{
    public static TheoryData<string, string> Cases
    {
        get
        {
            TheoryData<string, string> cases = [];
            foreach (string kind in Golden.Kinds)
            {
                foreach (string name in Golden.Names(kind))
                    cases.Add(kind, name);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Document_prints_as_upstream_prints_it(string kind, string name) => Golden.Check(kind, name);
}
