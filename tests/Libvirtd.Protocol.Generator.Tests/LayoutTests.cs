using Libvirtd.Protocol.Generator.Emit;
using Libvirtd.Protocol.Generator.Model;

namespace Libvirtd.Protocol.Generator.Tests;

public sealed class LayoutTests
{
    /// <summary>Fails when the protocol on the wire has changed. If that is meant: run again with LIBVIRTD_REGENERATE=1 and commit the difference.</summary>
    [Fact]
    public void The_wire_layout_is_the_one_that_is_checked_in()
    {
        ProtocolModel protocol = ProtocolFolder.Model();
        Assert.Empty(protocol.Problems);
        string path = Path.Combine(ProtocolFolder.Path, "layout.txt");
        string layout = LayoutEmitter.Layout(protocol);
        if (Environment.GetEnvironmentVariable("LIBVIRTD_REGENERATE") == "1")
            File.WriteAllText(path, layout);
        Assert.Equal(File.ReadAllText(path), layout);
    }
}
