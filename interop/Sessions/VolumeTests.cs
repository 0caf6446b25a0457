using Libvirtd.Interop.Daemons;
using Libvirtd.Interop.Processes;

namespace Libvirtd.Interop.Sessions;

/// <summary>Volumes of our test driver have contents.</summary>
public sealed class OurVolumeTests : VolumeTests<OurDaemon>
{
    protected override string Uri(Transport transport) => Server.Uri(transport);

    protected override Task<string> PoolAsync() => Task.FromResult("default-pool");
}

/// <summary>Upstream's test driver keeps no contents; its storage driver does, and shows that the tests themselves are right.</summary>
public sealed class UpstreamVolumeTests : VolumeTests<UpstreamDaemon>
{
    protected override string Uri(Transport transport) => Server.Uri(transport, "/system", "storage");

    protected override async Task<string> PoolAsync()
    {
        await Run(Uri(Transport.Unix), "pool-create-as", "volumes", "dir", "--target", Work.Folder("volumes"));
        return "volumes";
    }
}

/// <summary>Contents of volumes, through virsh and through Python's streams.</summary>
public abstract class VolumeTests<TDaemon> : SessionTests<TDaemon>
    where TDaemon : Daemon, new()
{
    private const int Size = 100 * 1024 * 1024;

    protected abstract string Uri(Transport transport);

    /// <summary>Names a running pool, which is made if need be.</summary>
    protected abstract Task<string> PoolAsync();

    [Theory, InlineData(Transport.Unix), InlineData(Transport.Tcp)]
    public async Task Hundred_megabytes_come_back_as_they_went(Transport transport)
    {
        string pool = await PoolAsync();
        string uri = Uri(transport);
        byte[] contents = RandomBytes(Size);
        await File.WriteAllBytesAsync(Work.File("in.raw"), contents, Stop);
        // One virsh process: the test driver's state lives only as long as somebody is connected.
        await Run(
            uri,
            $"vol-create-as {pool} big.raw 100M; vol-upload big.raw in.raw --pool {pool}; vol-download big.raw out.raw --pool {pool}; " +
            $"vol-delete big.raw --pool {pool}");
        AssertSame(contents, Work.File("out.raw"));
    }

    [Fact]
    public async Task A_part_is_written_and_read_where_it_belongs()
    {
        string pool = await PoolAsync();
        byte[] contents = RandomBytes(200_001);
        await File.WriteAllBytesAsync(Work.File("in.raw"), contents, Stop);
        await Run(
            Uri(Transport.Unix),
            $"vol-create-as {pool} part.raw 1M; vol-upload part.raw in.raw --pool {pool} --offset 4097 --length {contents.Length}; " +
            $"vol-download part.raw whole.raw --pool {pool}; vol-download part.raw part.raw --pool {pool} --offset 4000 --length 100000; " +
            $"vol-delete part.raw --pool {pool}");
        byte[] expected = new byte[1 << 20];
        contents.CopyTo(expected.AsSpan(4097));
        AssertSame(expected, Work.File("whole.raw"));
        AssertSame(expected[4000..104000], Work.File("part.raw"));
    }

    [Fact]
    public async Task More_than_the_announced_length_is_refused()
    {
        string pool = await PoolAsync();
        await File.WriteAllBytesAsync(Work.File("in.raw"), RandomBytes(300_000), Stop);
        string output = await Fail(
            Uri(Transport.Unix), $"vol-create-as {pool} short.raw 1M; vol-upload short.raw in.raw --pool {pool} --length 1000");
        Assert.Contains("error: cannot write to stream: No space left on device\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Holes_come_back_as_zeros_or_holes()
    {
        string pool = await PoolAsync();
        byte[] contents = new byte[8 << 20];
        RandomBytes(70_000).CopyTo(contents, 1 << 20);
        RandomBytes(70_000).CopyTo(contents, 6 << 20);
        await using (FileStream sparse = File.Create(Work.File("in.raw")))
        {
            foreach (int at in (int[])[1 << 20, 6 << 20])
            {
                sparse.Position = at;
                sparse.Write(contents, at, 70_000);
            }

            sparse.SetLength(contents.Length);
        }

        await Run(
            Uri(Transport.Unix),
            $"vol-create-as {pool} holes.raw 8M --allocation 0; vol-upload holes.raw in.raw --pool {pool} --sparse; " +
            $"vol-download holes.raw sparse.raw --pool {pool} --sparse; vol-download holes.raw full.raw --pool {pool}; " +
            $"vol-delete holes.raw --pool {pool}");
        AssertSame(contents, Work.File("sparse.raw"));
        AssertSame(contents, Work.File("full.raw"));
    }

    [Fact]
    public async Task Python_streams_send_receive_and_break_off()
    {
        if (Python.Missing is string reason) Assert.Skip(reason);
        Finished finished = await Python.RunAsync("streams.py", Work.Path, Stop, Uri(Transport.Unix), await PoolAsync());
        Assert.Equal(
            """
            finish 0
            finish 0
            same True
            abort 0
            error 9 7 2 operation failed: stream is closed
            alive 1

            """,
            finished.Output);
    }

    private static byte[] RandomBytes(int count)
    {
        byte[] bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }

    // Equality of hundred megabytes as a collection would take minutes to print.
    private static void AssertSame(byte[] expected, string file)
    {
        byte[] actual = File.ReadAllBytes(file);
        int common = expected.AsSpan().CommonPrefixLength(actual);
        Assert.True(common == expected.Length && common == actual.Length,
            $"{Path.GetFileName(file)}: {actual.Length} bytes instead of {expected.Length}, first difference at {common}");
    }
}
