using System.Globalization;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// What the query of a <c>test:///</c> URI asks for. As upstream does, names that are not known here are let pass; a known name with a value that
/// makes no sense is refused. Connections to the default host whose options are equal share one host.
/// </summary>
internal sealed record TestOptions
{
    private const int MostNameLength = 64;

    /// <summary><c>host=west</c>: default hosts of different names have nothing in common.</summary>
    public string Host { get; init; } = "";

    /// <summary><c>keep=10m</c>: how long, by the real clock, the host lives on when its last connection has ended.</summary>
    public TimeSpan Keep { get; init; }

    /// <summary><c>clock=virtual</c>: time stands still but for commands; <c>clock=real</c> otherwise.</summary>
    public bool IsVirtual { get; init; }

    /// <summary><c>speed=10</c>: how many times as fast as the real clock this host's goes.</summary>
    public double Speed { get; init; } = 1;

    /// <summary><c>seed=42</c>: where uuids and addresses come from; null where they are random.</summary>
    public int? Seed { get; init; }

    /// <summary><c>boot=10s</c>: how long a guest takes until its agent answers.</summary>
    public TimeSpan Boot { get; init; }

    /// <summary><c>shutdown=5s</c>: how long a guest takes to stop after it was asked to.</summary>
    public TimeSpan Shutdown { get; init; }

    /// <summary><c>migration=10s</c>: how long a guest's memory is on its way when no speed is set.</summary>
    public TimeSpan Migration { get; init; }

    /// <summary><c>fault=virDomainCreate,error=NO_MEMORY,count=2</c>, any number of them: what fails from the beginning; one on each line.</summary>
    public string Faults { get; init; } = "";

    /// <summary><c>blockjob=2s</c>: how long a block job without a limit takes.</summary>
    public TimeSpan BlockJob { get; init; } = TestBlockJobs.DefaultDuration;

    /// <summary>Reads a URI's query.</summary>
    /// <exception cref="VirException">A value makes no sense (VIR_ERR_INVALID_ARG).</exception>
    public static TestOptions Parse(ConnectUri uri)
    {
        TestOptions options = new();
        foreach ((string name, string value) in uri.Parameters)
            options = options.With(name, value);
        if (options is { IsVirtual: true, Speed: not 1 })
            throw Bad("speed is for the real clock, a virtual one goes by command");
        return options;
    }

    /// <summary>The host's clock.</summary>
    /// <param name="real">The clock that it follows, when it follows one.</param>
    public TimeProvider MakeClock(TimeProvider real) =>
        IsVirtual ? new VirtualClock() : Speed != 1 ? new ScaledClock(real, Speed) : real;

    /// <summary>Where the host's uuids and addresses come from.</summary>
    /// <param name="unseeded">Where they come from without a seed.</param>
    public IdentitySource MakeIdentities(IdentitySource unseeded) => Seed is { } seed ? new IdentitySource(seed) : unseeded;

    /// <summary>The faults that the host begins with.</summary>
    public IEnumerable<FaultRule> MakeFaults() => Faults.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(FaultParser.Parse);

    private TestOptions With(string name, string value) => name switch
    {
        "host" => this with { Host = IsName(value) ? value : throw Bad(name, value, $"1 to {MostNameLength} letters, digits, '-', '_' or '.'") },
        "keep" => this with { Keep = ParseDuration(name, value) },
        "clock" => this with { IsVirtual = value is "virtual" or "real" ? value == "virtual" : throw Bad(name, value, "'real' or 'virtual'") },
        "speed" => this with { Speed = ParseSpeed(name, value) },
        "seed" => this with { Seed = ParseSeed(name, value) },
        "boot" => this with { Boot = ParseDuration(name, value) },
        "migration" => this with { Migration = ParseDuration(name, value) },
        "shutdown" => this with { Shutdown = ParseDuration(name, value) },
        "fault" => this with { Faults = $"{Faults}{CheckFault(value)}\n" },
        "blockjob" => this with { BlockJob = ParseDuration(name, value) },
        _ => this,
    };

    private static bool IsName(string value) =>
        value.Length is > 0 and <= MostNameLength && value.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    private static double ParseSpeed(string name, string value) =>
        double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double speed) && ScaledClock.IsSpeed(speed)
            ? speed
            : throw Bad(name, value, $"a number from {ScaledClock.LeastSpeed} to {ScaledClock.MostSpeed}");

    private static int ParseSeed(string name, string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int seed) ? seed : throw Bad(name, value, $"a number from 0 to {int.MaxValue}");

    private static TimeSpan ParseDuration(string name, string value) =>
        Duration.TryParse(value, out TimeSpan duration) ? duration : throw Bad(name, value, "a time such as 250ms, 2s or 5m");

    private static string CheckFault(string value)
    {
        string line = value.ReplaceLineEndings(" ");
        try
        {
            FaultParser.Parse(line);
            return line;
        }
        catch (MonitorException e)
        {
            throw Bad($"fault in the test URI: {e.Message}");
        }
    }

    private static VirException Bad(string name, string value, string wanted) => Bad($"{name} in the test URI must be {wanted}, not '{value}'");

    private static VirException Bad(string detail) => VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, detail);
}
