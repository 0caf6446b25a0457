using Libvirtd.Daemon.Hosting;

namespace Libvirtd.Daemon.Tests;

public sealed class MemoryTrimmerTests
{
    private const long Megabyte = 1 << 20;

    [Fact]
    public void A_burst_is_cleaned_up_after_once_when_it_is_over()
    {
        using MemoryTrimmer trimmer = new(TimeProvider.System);
        Assert.False(trimmer.Look(20 * Megabyte));
        Assert.False(trimmer.Look(40 * Megabyte));
        Assert.True(trimmer.Look(40 * Megabyte));
        Assert.False(trimmer.Look(40 * Megabyte));
    }

    [Fact]
    public void A_little_work_is_no_burst()
    {
        using MemoryTrimmer trimmer = new(TimeProvider.System);
        for (long allocated = 0; allocated < 4 * Megabyte; allocated += Megabyte / 8)
            Assert.False(trimmer.Look(allocated));
    }
}
