namespace Libvirtd.Daemon.Hosting;

/// <summary>The daemon cannot start; the message names the cause and, where there is one, the fix. Shown without a stack trace.</summary>
internal sealed class DaemonStartException(ExitStatus status, string message) : Exception(message)
{
    public ExitStatus Status => status;
}
