using BenchmarkDotNet.Attributes;
using Libvirtd.Protocol;
using Libvirtd.Xdr;

namespace Libvirtd.Benchmarks;

/// <summary>Values of the protocol to bytes and back.</summary>
public class CodecBenchmarks : IDisposable
{
    private const int Parameters = 32;
    private readonly StringPool _strings = new();
    private readonly XdrWriter _writer = new();
    private readonly DomainRef _domain = new() { Name = "test", Uuid = Guid.Parse("6695eb01-f6a4-8304-79aa-97f2502e193f"), Id = 1 };
    private readonly DomainGetInfoRet _info = new() { State = 1, MaxMem = 8_388_608, Memory = 2_097_152, NrVirtCpu = 2, CpuTime = 1_000_000_000 };
    private byte[] _encodedDomain = [];
    private byte[] _encodedParameters = [];
    private TypedParam[] _parameters = [];

    [GlobalSetup]
    public void Prepare()
    {
        _encodedDomain = Bytes(_domain.Encode);
        _parameters = [.. Enumerable.Range(0, Parameters).Select(number => new TypedParam($"vcpu.{number}.time", (ulong)number))];
        _encodedParameters = Bytes(writer => writer.WriteArray(_parameters, Parameters));
    }

    [Benchmark]
    public int WriteDomain()
    {
        _writer.Truncate(0);
        _domain.Encode(_writer);
        return _writer.Length;
    }

    [Benchmark]
    public DomainRef ReadDomain()
    {
        XdrReader reader = new(_encodedDomain, _strings);
        return DomainRef.Decode(ref reader);
    }

    [Benchmark]
    public int WriteDomainInfo()
    {
        _writer.Truncate(0);
        _info.Encode(_writer);
        return _writer.Length;
    }

    [Benchmark]
    public int Write32Parameters()
    {
        _writer.Truncate(0);
        _writer.WriteArray(_parameters, Parameters);
        return _writer.Length;
    }

    [Benchmark]
    public TypedParam[] Read32Parameters()
    {
        XdrReader reader = new(_encodedParameters);
        return reader.ReadArray<TypedParam>(Parameters, 8);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _writer.Dispose();
        GC.SuppressFinalize(this);
    }

    private static byte[] Bytes(Action<XdrWriter> encode)
    {
        using XdrWriter writer = new();
        encode(writer);
        return writer.WrittenSpan.ToArray();
    }
}
