using System.Buffers.Binary;
using Libvirtd.Interop.Daemons;
using Libvirtd.Interop.Processes;

namespace Libvirtd.Interop.Recording;

/// <summary>The recorder itself, and that the files it made are whole sessions. Their contents are decoded by the protocol's own tests.</summary>
public sealed class GoldenTests
{
    private const long SizeLimit = 1 << 20;

    private static readonly uint[] Programs = [0x20008086, 0x20008087, 0x00068000, 0x06900690, 0x6b656570];

    public static TheoryData<string> Files => [.. Directory.EnumerateFiles(Golden.Folder, "*.bin").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void Golden_session_is_whole(string name) => AssertWhole(RecordFile.Read(Path.Combine(Golden.Folder, $"{name}.bin")));

    [Fact]
    public void Golden_sessions_stay_small() =>
        Assert.InRange(Directory.EnumerateFiles(Golden.Folder, "*.bin").Sum(file => new FileInfo(file).Length), 1, SizeLimit);

    [Fact]
    public async Task Recorder_keeps_what_passes()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        await using UpstreamDaemon server = new();
        if ((Virsh.Missing ?? server.Missing) is string reason) Assert.Skip(reason);
        await server.StartAsync(stop);
        using TempFolder work = new();
        await using RecordingProxy proxy = RecordingProxy.Start(work.File("proxy"), server.SocketPath);
        Finished finished = await Virsh.RunAsync($"test+unix:///default?socket={work.File("proxy")}", work.Path, stop, "domid", "test");
        Assert.Equal("1\n\n", finished.Output);

        IReadOnlyList<Record> records = await proxy.FinishAsync(stop);
        AssertWhole(records);
        RecordFile.Write(work.File("session.bin"), records);
        Assert.Equal(
            records.Select(record => (record.Sender, Convert.ToHexString(record.Packet.Span))),
            RecordFile.Read(work.File("session.bin")).Select(record => (record.Sender, Convert.ToHexString(record.Packet.Span))));
    }

    // Every program is known, and every reply answers one call.
    private static void AssertWhole(IReadOnlyList<Record> records)
    {
        HashSet<(uint Program, uint Serial)> open = [];
        int replies = 0;
        foreach (Record record in records)
        {
            uint program = Word(record, 4), type = Word(record, 16), serial = Word(record, 20);
            Assert.Contains(program, Programs);
            switch (type)
            {
                case 0 or 4:
                    Assert.Equal(Sender.Client, record.Sender);
                    Assert.True(open.Add((program, serial)));
                    break;
                case 1 or 5:
                    Assert.Equal(Sender.Server, record.Sender);
                    Assert.True(open.Remove((program, serial)));
                    replies++;
                    break;
                default:
                    Assert.True(type is 2 or 3 or 6);
                    break;
            }
        }

        Assert.True(replies > 0);
    }

    private static uint Word(Record record, int at) => BinaryPrimitives.ReadUInt32BigEndian(record.Packet.Span[at..]);
}
