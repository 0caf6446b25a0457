namespace Libvirtd.Daemon.Hosting;

/// <summary>Why the process ended, as service managers and scripts of libvirtd know it.</summary>
internal enum ExitStatus
{
    Normal = 0,

    /// <summary>Wrong arguments, a wrong configuration file, a pid file held by another instance, or a stop that was not clean.</summary>
    Failure = 1,
    RunDirectory = 2,

    /// <summary>Limits or workers that make no server.</summary>
    Server = 3,
    Signals = 4,
    Privileges = 5,

    /// <summary>Sockets, TLS, SASL.</summary>
    Network = 6,
    Configuration = 7,
    Hooks = 8,
    ReExec = 9,
    Audit = 10,
    Drivers = 11,
}
