using System.Diagnostics;
using Libvirtd.Rpc.Transport;

namespace Libvirtd.Rpc.Tests.Transport;

public sealed class BusyPollTests
{
    private static readonly long s_most = Stopwatch.Frequency / 1000;

    [Fact]
    public void Short_waits_lengthen_the_look_and_a_long_one_ends_it()
    {
        BusyPoll poll = new(TimeSpan.FromMilliseconds(1), processors: 2);
        Assert.Equal(0, poll.Budget);
        poll.Waited(s_most / 2);
        Assert.Equal(s_most / 8, poll.Budget);
        for (int i = 0; i < 10; i++) poll.Waited(s_most / 2);
        Assert.Equal(s_most, poll.Budget);
        poll.Waited(s_most + 1);
        Assert.Equal(0, poll.Budget);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(0, 2)]
    public void A_single_processor_or_no_time_means_never(int milliseconds, int processors)
    {
        BusyPoll poll = new(TimeSpan.FromMilliseconds(milliseconds), processors);
        for (int i = 0; i < 10; i++) poll.Waited(0);
        Assert.Equal(0, poll.Budget);
    }
}
