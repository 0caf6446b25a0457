using Libvirtd.Interop.Daemons;
using Libvirtd.Interop.Processes;
using Libvirtd.Interop.Sessions;

namespace Libvirtd.Interop.Bindings;

/// <summary>Volumes of our test driver have contents.</summary>
public sealed class OurBindingTests : BindingTests<OurDaemon>;

/// <summary>Upstream's have not; in all else it tells the same story.</summary>
public sealed class UpstreamBindingTests : BindingTests<UpstreamDaemon>
{
    private protected override string Expected(Binding binding)
    {
        const int NoSupport = 3;
        string change = binding.Changes.Contains("contents") ? "contents" : $"contents {NoSupport}";
        return Story.With([.. binding.Changes, change]);
    }
}

/// <summary>What the tests are run for.</summary>
public static class BindingNames
{
    public static TheoryData<string> All => [.. Binding.All.Select(binding => binding.Name)];
}

/// <summary>Libvirt's bindings to other languages and systems, each with a program of its own against a running server.</summary>
public abstract class BindingTests<TDaemon> : SessionTests<TDaemon>
    where TDaemon : Daemon, new()
{
    protected override string? ClientMissing => null;

    [Theory, MemberData(nameof(BindingNames.All), MemberType = typeof(BindingNames))]
    public async Task Binding_tells_the_whole_story(string name)
    {
        Binding binding = Binding.All.Single(one => one.Name == name);
        if (binding.Missing is string reason) Assert.Skip(reason);
        string[] command = await binding.Start(Stop);
        Finished finished = await ProcessRunner.RunAsync(
            command[0], [.. command[1..], Server.Uri(Transport.Unix), Server.Uri(Transport.UnixReadOnly)], Work.Path, Stop);
        Assert.True(finished.Status == 0, $"{finished.Output}\n{Server.Log}");
        Assert.Equal(Expected(binding), finished.Output);
    }

    private protected virtual string Expected(Binding binding) => Story.With(binding.Changes);
}
