using Libvirtd.Drivers;
using Libvirtd.Protocol;

namespace Libvirtd.Rpc.Tests.Sessions;

/// <summary>Whole packets, as they were seen between stock clients and upstream.</summary>
public sealed class WorkedExampleTests
{
    [Fact]
    public async Task A_session_matches_upstreams_word_by_word()
    {
        FakeDriver driver = new();
        driver.OnOpen = request => request.Name == "fake:///default" ? new(driver.Connection) : throw new InvalidOperationException(request.Name);
        await using SessionFixture fixture = new(driver: driver);
        RawClient client = fixture.Connect();
        await ExchangeAsync(client, "0000001c 20008086 00000001 00000042 00000000 00000000 00000000",
            "00000024 20008086 00000001 00000042 00000001 00000000 00000000 00000001 00000000");
        await ExchangeAsync(client, "00000020 20008086 00000001 0000003c 00000000 00000001 00000000 0000000a",
            "00000020 20008086 00000001 0000003c 00000001 00000001 00000000 00000001");
        await ExchangeAsync(client, "00000038 20008086 00000001 00000001 00000000 00000002 00000000"
            + "00000001 0000000f 66616b65 3a2f2f2f 64656661 756c7400 00000000",
            "0000001c 20008086 00000001 00000001 00000001 00000002 00000000");
        await ExchangeAsync(client, "00000024 20008086 00000001 0000013c 00000000 00000003 00000000 00000000 00000000",
            "00000020 20008086 00000001 0000013c 00000001 00000003 00000000 00000000");

        driver.Connection.Guests.OnSuspend = _ =>
        {
            driver.Connection.Events.Raise(new DomainLifecycleEvent { Dom = FakeDomains.Vm1, Event = 3, Detail = 0 });
            return default;
        };
        await ExchangeAsync(client, "00000038 20008086 00000001 00000022 00000000 00000004 00000000"
            + "00000003 766d3100 11223344 55667788 99aabbcc ddeeff00 00000001",
            "0000001c 20008086 00000001 00000022 00000001 00000004 00000000",
            "00000044 20008086 00000001 0000013e 00000002 00000001 00000000 00000000"
            + "00000003 766d3100 11223344 55667788 99aabbcc ddeeff00 00000001 00000003 00000000");

        await ExchangeAsync(client, "00000024 20008086 00000001 00000017 00000000 00000005 00000000 00000004 6e6f7065",
            "00000070 20008086 00000001 00000017 00000001 00000005 00000001"
            + "0000002a 0000000c 00000001 00000010 446f6d61 696e206e 6f742066 6f756e64 00000002 00000000"
            + "00000001 00000010 446f6d61 696e206e 6f742066 6f756e64 00000000 00000000 ffffffff ffffffff 00000000");
        await ExchangeAsync(client, "0000001c 20008086 00000001 000003e7 00000000 00000006 00000000",
            "00000088 20008086 00000001 000003e7 00000001 00000006 00000001 00000027 00000007"
            + "00000001 00000016 756e6b6e 6f776e20 70726f63 65647572 653a2039 39390000 00000002 00000000"
            + "00000001 00000002 25730000 00000001 00000016 756e6b6e 6f776e20 70726f63 65647572 653a2039 39390000"
            + "00000000 ffffffff ffffffff 00000000");

        byte[] picture = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x01, 0x02, 0x03];
        driver.Connection.Guests.OnScreenshot = _ => ("image/png", new TestEndpoint { Source = [picture] });
        await ExchangeAsync(client, "00000040 20008086 00000001 000000d3 00000000 00000007 00000000"
            + "00000003 766d3100 11223344 55667788 99aabbcc ddeeff00 00000001 00000000 00000000",
            "00000030 20008086 00000001 000000d3 00000001 00000007 00000000 00000001 00000009 696d6167 652f706e 67000000",
            "00000027 20008086 00000001 000000d3 00000003 00000007 00000002 89504e47 0d0a1a0a 010203",
            "0000001c 20008086 00000001 000000d3 00000003 00000007 00000002");
        await ExchangeAsync(client, "0000001c 20008086 00000001 000000d3 00000003 00000007 00000000",
            "0000001c 20008086 00000001 000000d3 00000003 00000007 00000000");
        await ExchangeAsync(client, "0000001c 6b656570 00000001 00000001 00000002 00000000 00000000",
            "0000001c 6b656570 00000001 00000002 00000002 00000000 00000000");
        await ExchangeAsync(client, "0000001c 20008086 00000001 00000002 00000000 00000008 00000000",
            "0000001c 20008086 00000001 00000002 00000001 00000008 00000000");
        await client.EndsAsync();
    }

    private static async Task ExchangeAsync(RawClient client, string sent, params string[] expected)
    {
        await client.SendAsync(Packet.FromHex(sent));
        foreach (string words in expected)
            Assert.Equal(Packet.Hex(Packet.FromHex(words)), Packet.Hex((await client.ReadAsync()).Whole));
    }
}
