using System.Reflection;
using Libvirtd.Xdr;

namespace Libvirtd.Protocol.Tests;

public sealed class RoundTripTests
{
    private const int ValuesEach = 1000;

    private static readonly MethodInfo s_check = typeof(RoundTripTests).GetMethod(nameof(Check), BindingFlags.NonPublic | BindingFlags.Static)!;

    public static TheoryData<char> Initials => [.. Types().Select(type => type.Name[0]).Distinct().Order()];

    [Theory]
    [MemberData(nameof(Initials))]
    public void Every_type_survives_encode_decode_encode(char initial)
    {
        foreach (Type type in Types().Where(type => type.Name[0] == initial))
            s_check.MakeGenericMethod(type).Invoke(null, BindingFlags.DoNotWrapExceptions, null, null, null);
    }

    [Fact]
    public void Every_procedure_knows_the_codecs_of_its_types()
    {
        HashSet<Type> known = [.. Types()];
        foreach (ProcedureInfo procedure in Programs.All.SelectMany(program => program))
        {
            Assert.True(procedure.Arguments is null || known.Contains(procedure.Arguments.Type), procedure.Name);
            Assert.True(procedure.Result is null || known.Contains(procedure.Result.Type), procedure.Name);
            Assert.False(procedure.IsEvent && procedure.Result is null, $"{procedure.Name} carries nothing");
        }
    }

    [Fact]
    public void The_codec_of_a_procedure_gives_back_the_bytes_it_read()
    {
        byte[] name = [0, 0, 0, 1, (byte)'a', 0, 0, 0];
        byte[] message = [.. name, .. new byte[20], 0xde, 0xad];
        ProcedureInfo procedure = RemoteProgram.Find(16)!;
        using XdrWriter writer = new();
        Assert.Equal("REMOTE_PROC_DOMAIN_GET_INFO", procedure.Name);
        Assert.Equal(28, procedure.Arguments!.Transcode(message, writer));
        Assert.Equal(message.AsSpan(0, 28), writer.WrittenSpan);
        Assert.Throws<XdrException>(() => procedure.Arguments.Transcode(message.AsSpan(0, 20), writer));
    }

    private static IEnumerable<Type> Types() => typeof(RemoteProgram).Assembly.GetTypes().Where(type =>
        !type.IsInterface && type.GetInterfaces().Any(face => face.IsGenericType && face.GetGenericTypeDefinition() == typeof(IXdrValue<>)));

    private static void Check<T>()
        where T : IXdrValue<T>
    {
        // The seed is the name's: the same values in every run.
        RandomValues values = new(new Random(typeof(T).Name.Aggregate(17, (seed, c) => unchecked((seed * 31) + c))));
        using XdrWriter first = new(), second = new();
        for (int i = 0; i < ValuesEach; i++)
        {
            first.Truncate(0);
            second.Truncate(0);
            ((T)values.Make(typeof(T))).Encode(first);
            XdrReader reader = new(first.WrittenSpan);
            T.Decode(ref reader).Encode(second);
            if (reader.Remaining != 0 || !first.WrittenSpan.SequenceEqual(second.WrittenSpan))
                Assert.Fail($"{typeof(T).Name}: {Convert.ToHexString(first.WrittenSpan)} became {Convert.ToHexString(second.WrittenSpan)}");
        }
    }
}
