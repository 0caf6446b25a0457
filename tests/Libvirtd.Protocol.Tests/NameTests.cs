namespace Libvirtd.Protocol.Tests;

/// <summary>
/// The public C functions that error texts name. <c>api-names.txt</c> has a line for each callable procedure: number, name, function; a function with
/// a question mark is in no published description of the C API (internal to migration, or younger than 9.0), and is what the naming rule gives.
/// </summary>
public sealed class NameTests
{
    [Fact]
    public void Every_procedure_names_the_public_function_that_the_list_has()
    {
        Dictionary<string, string> expected = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "api-names.txt"))
            .Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(' ')).ToDictionary(words => $"{words[0]} {words[1]}", words => words[2]);
        Dictionary<string, string> actual = Programs.All.SelectMany(program => program)
            .Where(procedure => !procedure.IsEvent && !procedure.Name.StartsWith("KEEPALIVE_", StringComparison.Ordinal))
            .ToDictionary(procedure => $"{procedure.Number} {procedure.Name}", procedure => procedure.Api);
        string[] wrong = [.. expected.Keys.Union(actual.Keys).Order(StringComparer.Ordinal)
            .Select(key => (key, listed: expected.GetValueOrDefault(key, "-"), ours: actual.GetValueOrDefault(key, "-")))
            .Where(row => row.listed.TrimEnd('?') != row.ours)
            .Select(row => $"{row.key}: the list has {row.listed}, the protocol {row.ours}")];
        Assert.True(wrong.Length == 0, string.Join('\n', wrong));
    }

    [Theory]
    [InlineData(9, "REMOTE_PROC_DOMAIN_CREATE", "virDomainCreate")]
    [InlineData(14, "REMOTE_PROC_DOMAIN_GET_XML_DESC", "virDomainGetXMLDesc")]
    [InlineData(273, "REMOTE_PROC_CONNECT_LIST_ALL_DOMAINS", "virConnectListAllDomains")]
    public void Procedures_are_found_by_number(int number, string name, string api)
    {
        ProcedureInfo procedure = RemoteProgram.Find(number)!;
        Assert.Equal((name, api), (procedure.Name, procedure.Api));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    public void A_number_without_a_procedure_finds_nothing(int number) => Assert.Null(RemoteProgram.Find(number));

    [Fact]
    public void Programs_have_their_numbers()
    {
        Assert.Equal(0x20008086u, RemoteProgram.Number);
        Assert.Equal(0x20008087u, QemuProgram.Number);
        Assert.Equal(0x00068000u, LxcProgram.Number);
        Assert.Equal(0x06900690u, AdminProgram.Number);
        Assert.Equal(0x6b656570u, KeepaliveProgram.Number);
    }

    [Fact]
    public void Streams_run_the_way_that_the_protocol_says()
    {
        int[] Of(StreamDirection direction) => [.. RemoteProgram.Procedures.Where(procedure => procedure.Stream == direction).Select(procedure => procedure.Number)];
        Assert.Equal([201, 296], Of(StreamDirection.Both));
        Assert.Equal([209, 211], Of(StreamDirection.ToClient));
        Assert.Equal([148, 208, 215, 304], Of(StreamDirection.ToServer));
    }
}
