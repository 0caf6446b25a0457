using Libvirtd.Daemon.CommandLine;
using Libvirtd.Daemon.Configuration;
using Libvirtd.Daemon.Interop;
using Libvirtd.Daemon.Logging;
using Libvirtd.Daemon.Sockets;
using Libvirtd.Daemon.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Libvirtd.Daemon.Hosting;

/// <summary>The way from the command line to a running host, and from there to the exit status.</summary>
internal static class DaemonProcess
{
    // A little more than the server's own grace, so that it is the server that gives up, and says so.
    private static readonly TimeSpan s_shutdownTimeout = DaemonService.Grace + TimeSpan.FromSeconds(5);

    /// <summary>Runs the daemon until it is told to stop.</summary>
    /// <param name="addServer">Registers <see cref="IServerHost"/> and what it needs.</param>
    public static async Task<int> RunAsync(string[] args, Action<IServiceCollection> addServer)
    {
        DaemonPaths paths = DaemonPaths.Of(Libc.geteuid() == 0, Environment.GetEnvironmentVariable);
        using TextWriter output = StandardStream.Output();
        using TextWriter error = StandardStream.Error();
        if (DaemonCommandLine.Parse(args, paths, output, error, out int status) is not DaemonArguments arguments) return status;

        BackgroundProcess? background = BackgroundProcess.Enter();
        try
        {
            if (arguments.Background && background is null) return BackgroundProcess.Launch(args);
            LoadedSettings loaded = SettingsReader.Load(arguments.ConfigFile, paths.ConfigFile);
            List<string> warnings = [.. loaded.Warnings];
            LogSurroundings around = new(
                Environment.GetEnvironmentVariable, arguments.Background, File.Exists(JournaldSink.DefaultPath), Libc.isatty(0) == 1);
            DaemonSettings settings = loaded.Settings with
            {
                MetricsListen = arguments.Metrics ?? loaded.Settings.MetricsListen,
                TraceCollector = arguments.Traces ?? loaded.Settings.TraceCollector,
            };
            LogRules rules = LogSetup.Decide(settings, arguments.Verbose, paths, around, warnings);
            using DaemonLog log = new(rules, TimeProvider.System);
            return await RunAsync(arguments, settings, warnings, paths, log, error, background, addServer).ConfigureAwait(false);
        }
        catch (ConfigException failure)
        {
            await error.WriteLineAsync($"{DaemonCommandLine.Program}: Can't load config file: {failure.Message}").ConfigureAwait(false);
            return (int)ExitStatus.Failure;
        }
        catch (DaemonStartException failure)
        {
            await error.WriteLineAsync($"{DaemonCommandLine.Program}: {failure.Message}").ConfigureAwait(false);
            return (int)failure.Status;
        }
    }

    private static async Task<int> RunAsync(
        DaemonArguments arguments, DaemonSettings settings, List<string> warnings, DaemonPaths paths, DaemonLog log,
        TextWriter error, BackgroundProcess? background, Action<IServiceCollection> addServer)
    {
        ILogger logger = log.CreateLogger("Libvirtd.Daemon");
        foreach (string warning in warnings) HostLog.Warning(logger, warning);
        try
        {
            SettingsReader.CheckLimits(settings);
            IReadOnlyList<ActivatedSocket> activated = SocketActivation.Read(Environment.GetEnvironmentVariable, Environment.ProcessId);
            SocketActivation.ClearVariables();
            RunDirectory.Create(paths, settings.UnixSocketDirectory);
            using PidFile pidFile = PidFile.Acquire(arguments.PidFile ?? paths.PidFile);
            DaemonPlan plan = new(arguments, settings, paths, activated);
            using IHost host = Build(plan, log, addServer);
            DaemonService daemon = host.Services.GetRequiredService<DaemonService>();
            await host.StartAsync().ConfigureAwait(false);
            background?.Ready();
            await host.WaitForShutdownAsync().ConfigureAwait(false);
            return (int)(daemon.StoppedCleanly ? ExitStatus.Normal : ExitStatus.Failure);
        }
        catch (DaemonStartException failure)
        {
            HostLog.StartFailed(logger, failure.Message);
            if (log.WritesToStderr) return (int)failure.Status;
            throw; // whoever started it sees no log
        }
#pragma warning disable CA1031 // The last stop before the runtime's own: the operator gets a log line, scripts an exit status.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            HostLog.Crashed(logger, failure);
            if (!log.WritesToStderr) await error.WriteLineAsync($"{DaemonCommandLine.Program}: {failure}").ConfigureAwait(false);
            return (int)ExitStatus.Failure;
        }
    }

    private static IHost Build(DaemonPlan plan, DaemonLog log, Action<IServiceCollection> addServer)
    {
        // Empty: no appsettings, no variables, no console lifetime's words; libvirtd.conf is the configuration.
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.SetMinimumLevel(LogLevel.Trace); // the log's own rules decide, and they may change
        builder.Logging.AddFilter("Microsoft", LogLevel.None); // the host repeats what is thrown to us anyway
        IServiceCollection services = builder.Services;
        services.AddSingleton<ILoggerProvider>(log);
        services.AddSingleton(log);
        services.AddSingleton(plan);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(new ServiceNotifier(Environment.GetEnvironmentVariable("NOTIFY_SOCKET")));
        services.AddSingleton<IHostLifetime, SignalLifetime>();
        if (TelemetryService.IsWanted(plan.Settings)) services.AddHostedService<TelemetryService>(); // first: an address that cannot be had ends the start
        services.AddSingleton<DaemonService>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<DaemonService>());
        services.AddHostedService<MemoryTrimmer>();
        services.Configure<HostOptions>(options => options.ShutdownTimeout = s_shutdownTimeout);
        addServer(services);
        return builder.Build();
    }
}
