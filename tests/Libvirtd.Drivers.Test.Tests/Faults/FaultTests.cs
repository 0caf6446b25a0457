using System.Text.Json.Nodes;
using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class FaultTests
{
    private const string Virtual = "test:///default?clock=virtual&seed=1";

    [Fact]
    public async Task The_next_calls_of_a_function_fail_and_then_it_costs_nothing_again()
    {
        await using Hypervisor host = await OpenAsync();
        Assert.Null(host.Connection.Interceptor);
        Assert.Equal("""{"return":{"id":1},"id":"x"}""", host.Json(
            """{"execute":"fault-inject","arguments":{"call":"virDomainCreate","error":"VIR_ERR_NO_MEMORY","message":"none left","count":2,"skip":1},"id":"x"}"""));
        Assert.Null(await host.HitAsync("virDomainCreate"));
        Assert.Null(await host.HitAsync("virDomainDestroy"));
        Assert.Equal("out of memory: none left", await host.HitAsync("virDomainCreate"));
        Assert.Equal(1, (int)host.Command("fault-list")[0]!["count"]!);
        Assert.Equal("out of memory: none left", await host.HitAsync("virDomainCreate"));
        Assert.Null(await host.HitAsync("virDomainCreate"));
        Assert.Null(host.Connection.Interceptor);
        Assert.Empty(host.Command("fault-list").AsArray());
    }

    [Fact]
    public async Task A_star_hits_all_that_begin_so_but_not_the_commands_that_end_it()
    {
        await using Hypervisor host = await OpenAsync();
        host.Command("fault-inject virDomain* count=0 when=after message=\"of its own\"");
        Assert.Equal("after: operation failed: of its own", await host.HitAsync("virDomainGetInfo"));
        Assert.Equal("after: operation failed: of its own", await host.HitAsync("virDomainSuspend"));
        Assert.Equal(2, (int)host.Command("fault-list")[0]!["hits"]!);
        Assert.Equal(1, (int)host.Command("fault-clear")["cleared"]!);
        Assert.Null(await host.HitAsync("virDomainGetInfo"));
    }

    [Fact]
    public async Task A_call_is_late_by_the_hosts_clock()
    {
        await using Hypervisor host = await OpenAsync(uri: Virtual);
        host.Command("fault-inject virDomainGetInfo time=10s");
        Task<CallVerdict> late = host.Before("virDomainGetInfo").AsTask();
        host.Command("clock-advance 9s");
        Assert.False(late.IsCompleted);
        Assert.Equal(1, (double)host.Command("clock-query")["next"]!);
        JsonNode after = host.Command("clock-advance to=next");
        Assert.True(late.IsCompletedSuccessfully);
        Assert.Equal("2025-01-01T00:00:10.000Z", (string?)after["now"]);
        Assert.Equal(1, (int)after["fired"]!);
    }

    [Fact]
    public async Task Calls_hang_until_they_are_released_and_are_listed_meanwhile()
    {
        await using Hypervisor host = await OpenAsync();
        host.Command("fault-inject virDomainGetInfo action=hang count=2");
        Task<CallVerdict> first = host.Before("virDomainGetInfo").AsTask();
        Task<CallVerdict> second = host.Before("virDomainGetInfo").AsTask();
        Assert.False(first.IsCompleted || second.IsCompleted);
        Assert.Equal(2, (int)host.Command("fault-list")[0]!["waiting"]!);
        Assert.Equal(2, (int)host.Command("fault-release")["released"]!);
        await first;
        await second;
        Assert.Empty(host.Command("fault-list").AsArray());
    }

    [Fact]
    public async Task A_chance_comes_from_the_seed()
    {
        string[] runs = new string[2];
        for (int run = 0; run < 2; run++)
        {
            await using Hypervisor host = await OpenAsync(uri: Virtual);
            host.Command("fault-inject virDomainGetInfo chance=0.5 count=0");
            for (int i = 0; i < 40; i++)
                runs[run] += await host.HitAsync("virDomainGetInfo") is null ? '.' : 'x';
        }

        Assert.Equal(runs[0], runs[1]);
        Assert.Contains('x', runs[0]);
        Assert.Contains('.', runs[0]);
    }

    [Fact]
    public async Task Faults_can_stand_in_the_uri()
    {
        await using Hypervisor host = await OpenAsync(uri: "test:///default?fault=virDomainCreate,error=NO_MEMORY&fault=virDomainDestroy,action=drop");
        Assert.Equal("out of memory: a fault was injected", await host.HitAsync("virDomainCreate"));
        Assert.Equal("a fault ends the connection: virDomainDestroy", await host.HitAsync("virDomainDestroy"));
        VirException e = await Assert.ThrowsAsync<VirException>(() => OpenAsync(uri: "test:///default?fault=virDomainFly"));
        Assert.Equal("invalid argument: fault in the test URI: Parameter 'call' must be a public function such as virDomainCreate, "
            + "or the beginning of some with a star, not 'virDomainFly'", e.Message);
    }

    [Theory]
    [InlineData("read", "stream had unexpected termination")]
    [InlineData("write", "stream had unexpected termination")]
    [InlineData("drop", "a fault ends the connection: virStorageVolDownload")]
    public async Task A_stream_ends_after_so_many_bytes(string what, string text)
    {
        await using Hypervisor host = await OpenAsync();
        host.Command($"{(what == "drop" ? "connection-drop" : "fault-inject")} virStorageVolDownload bytes=5");
        Assert.Null(await host.HitAsync("virStorageVolDownload"));
        Counting inner = new();
        StreamEndpoint stream = host.OnStream("virStorageVolDownload", inner);
        byte[] data = new byte[4];
        if (what == "write")
        {
            await stream.WriteAsync(data, Call.Cancellation);
            Assert.Equal(text, (await Assert.ThrowsAnyAsync<Exception>(async () => await stream.WriteAsync(data, Call.Cancellation))).Message);
        }
        else
        {
            Assert.Equal(4, (await stream.ReadAsync(data, Call.Cancellation)).Count);
            Assert.Equal(1, (await stream.ReadAsync(data, Call.Cancellation)).Count);
            Assert.Equal(text, (await Assert.ThrowsAnyAsync<Exception>(async () => await stream.ReadAsync(data, Call.Cancellation))).Message);
        }

        Assert.Equal(5, inner.Passed);
        Assert.Same(inner, host.OnStream("virStorageVolDownload", inner));
    }

    [Fact]
    public async Task Events_are_lost_late_or_in_another_order()
    {
        await using Hypervisor host = await OpenAsync(uri: Virtual);
        DomainRef test = host.Test;
        host.Command("events-drop");
        host.Command("events-delay time=2s");
        host.Command("events-reorder count=2");
        await host.Domains.Suspend(Call, test);
        await host.Domains.Resume(Call, test);
        await host.Domains.Suspend(Call, test);
        Assert.Empty(host.TakeEvents());
        await host.Domains.Destroy(Call, test);
        Assert.Equal(["test Stopped 1", "test Suspended 0"], host.TakeEvents());
        host.Command("clock-advance 2s");
        Assert.Equal(["test Resumed 0"], host.TakeEvents());
        await host.Domains.Create(Call, host.Test);
        Assert.Equal(["test Started 0"], host.TakeEvents());
    }

    [Theory]
    [InlineData("fault-inject", "Parameter 'call' is missing")]
    [InlineData("fault-inject virDomainCreate error=NONSENSE", "Parameter 'error' must be an error code such as OPERATION_FAILED, not 'NONSENSE'")]
    [InlineData("fault-inject virDomainCreate count=-1", "Parameter 'count' must be a number from 0 to 2147483647, not '-1'")]
    [InlineData("fault-inject virDomainCreate action=delay", "Parameter 'time' is missing")]
    [InlineData("fault-inject virDomainCreate colour=red", "Parameter 'colour' is unexpected")]
    [InlineData("fault-inject virDomainCreate action=drop error=1", "'drop' has no error")]
    [InlineData("fault-inject virDomainCreate count=1 count=2", "Parameter 'count' is given twice")]
    [InlineData("clock-advance 1s", "the clock goes by itself: a host with ?clock=virtual in its URI has one that goes by command")]
    [InlineData("fly", "The command fly has not been found")]
    [InlineData("\"fly", "a quote is not closed")]
    [InlineData(" ", "there is no command")]
    [InlineData("guest-watchdog action=bark", "Parameter 'action' must be one of none, pause, reset, poweroff, shutdown, debug, inject-nmi, not 'bark'")]
    [InlineData("disk-error sdz", "the domain has no disk 'sdz'")]
    public async Task A_command_that_makes_no_sense_is_refused(string words, string error)
    {
        await using Hypervisor host = await OpenAsync();
        Assert.Equal((ErrorCode.OperationFailed, "operation failed: " + error), Fails(() => host.Command(words)));
    }

    [Theory]
    [InlineData("no json", """{"error":{"class":"GenericError","desc":"JSON parse error"}}""")]
    [InlineData("[]", """{"error":{"class":"GenericError","desc":"QMP input lacks member 'execute'"}}""")]
    [InlineData("""{"execute":"fly","id":7}""", """{"error":{"class":"CommandNotFound","desc":"The command fly has not been found"},"id":7}""")]
    [InlineData("""{"execute":"query-status"}""", """{"return":{"status":"running","running":true}}""")]
    public async Task Json_is_answered_as_qemu_does(string command, string answer)
    {
        await using Hypervisor host = await OpenAsync();
        Assert.Equal(answer, host.Json(command));
    }

    private sealed class Counting : StreamEndpoint
    {
        public long Passed { get; private set; }

        public override ValueTask<StreamRead> ReadAsync(Memory<byte> buffer, CancellationToken cancel)
        {
            Passed += buffer.Length;
            return new(new StreamRead(buffer.Length));
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel)
        {
            Passed += data.Length;
            return default;
        }
    }
}
