using System.IO.Pipelines;
using static Libvirtd.Drivers.Test.Tests.NbdClient;

namespace Libvirtd.Drivers.Test.Tests;

/// <summary>Garbage ends a session and does no harm: 20,000 of them, from one seed.</summary>
public sealed class NbdFuzzTests
{
    private const int Sessions = 20_000;

    [Fact]
    public async Task Garbage_ends_its_own_session_only()
    {
        byte[] good = Conversation();
        Random random = new(20260101);
        int goodbyes = 0;
        Dictionary<string, int> ends = new(StringComparer.Ordinal);
        long before = GC.GetTotalAllocatedBytes();
        for (int i = 0; i < Sessions; i++)
        {
            byte[] input = Mutated(good, random);
            PipeReader reader = PipeReader.Create(new MemoryStream(input));
            PipeWriter writer = PipeWriter.Create(Stream.Null);
            NbdSession session = new(new Ends(reader, writer), [new StripedExport("vda", 50_000), new StripedExport("vdb", 7)]);
            string? why = await session.ServeAsync(CancellationToken.None, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            if (why is null)
                goodbyes++;
            else
                ends[why] = ends.GetValueOrDefault(why) + 1;
        }

        long each = (GC.GetTotalAllocatedBytes() - before) / Sessions;
        TestContext.Current.TestOutputHelper?.WriteLine($"{goodbyes} said goodbye, {ends.Values.Sum()} were ended for {ends.Count} reasons, {each} bytes each");
        // Both kinds must be there, or nothing was tested.
        Assert.InRange(goodbyes, Sessions / 100, Sessions * 9 / 10);
        Assert.InRange(ends.Values.Sum(), Sessions / 10, Sessions);
        Assert.True(each < 4 << 20, $"{each} bytes for a session");
    }

    /// <summary>All that a good client says.</summary>
    private static byte[] Conversation()
    {
        byte[] Option(uint option, params byte[] data) => [.. "IHAVEOPT"u8, .. Number(option, 4), .. Number((uint)data.Length, 4), .. data];
        return
        [
            .. Number(3, 4), .. Option(3), .. Option(8), .. Option(9, [.. Text("vda"), .. Number(0, 4)]),
            .. Option(10, [.. Text("vda"), .. Number(2, 4), .. Text("base:allocation"), .. Text("qemu:dirty-bitmap:b")]),
            .. Option(6, [.. Text("vdb"), .. Number(1, 2), .. Number(3, 2)]), .. Option(7, [.. Text("vda"), .. Number(0, 2)]),
            .. Request(0, 100, 4000), .. Request(7, 0, 50_000), .. Request(0, 0, 50_000, flags: 4), .. Request(1, 0, 64, payload: new byte[64]),
            .. Request(3, 0, 0), .. Request(4, 0, 100), .. Request(7, 5, 9000, flags: 8), .. Request(2, 0, 0),
        ];
    }

    private static byte[] Mutated(byte[] good, Random random)
    {
        List<byte> bytes = [.. good];
        for (int changes = random.Next(1, 6); changes > 0 && bytes.Count > 4; changes--)
        {
            int place = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[place] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[place] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    bytes.RemoveRange(place, Math.Min(random.Next(1, 9), bytes.Count - place));
                    break;
                case 3:
                    byte[] noise = new byte[random.Next(1, 40)];
                    random.NextBytes(noise);
                    bytes.InsertRange(place, noise);
                    break;
                case 4:
                    for (int i = place; i < Math.Min(place + 4, bytes.Count); i++)
                        bytes[i] = random.Next(2) == 0 ? (byte)0xff : (byte)0;
                    break;
                default:
                    int length = Math.Min(random.Next(1, 60), bytes.Count - place);
                    bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(place, length));
                    break;
            }
        }

        return [.. bytes];
    }
}
