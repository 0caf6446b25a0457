using Libvirtd.Daemon.Configuration;
using Libvirtd.Daemon.Hosting;
using Libvirtd.Protocol;

namespace Libvirtd.Daemon.Sockets;

/// <summary>Which authentication method a service uses; one that cannot be enforced stops the start, it never becomes "none".</summary>
internal static class ServiceAuth
{
    /// <exception cref="DaemonStartException">The configured method is not built.</exception>
    public static AuthType Of(DaemonSettings settings, ServiceKind kind)
    {
        (string key, AuthSetting setting, string fix) = kind switch
        {
            ServiceKind.Unix => ("auth_unix_rw", settings.AuthUnixReadWrite,
                "set auth_unix_rw = \"none\" and restrict the socket with unix_sock_group and unix_sock_rw_perms"),
            ServiceKind.UnixReadOnly => ("auth_unix_ro", settings.AuthUnixReadOnly,
                "set auth_unix_ro = \"none\" and restrict the socket with unix_sock_group and unix_sock_ro_perms"),
            ServiceKind.Tcp => ("auth_tcp", settings.AuthTcp,
                "set auth_tcp = \"none\" to let everybody in who reaches the port, or listen_tcp = 0"),
            ServiceKind.Tls => ("auth_tls", settings.AuthTls, "set auth_tls = \"none\""),
            _ => ("", new AuthSetting(AuthType.None), ""),
        };
        if (setting.Method == AuthType.None) return AuthType.None;
        string method = setting.Method == AuthType.Sasl ? "sasl" : "polkit";
        string where = setting.Where is null
            ? $"{settings.Source}: {key} is not set, and its default \"{method}\""
            : $"{setting.Where}: {key} = \"{method}\"";
        throw new DaemonStartException(ExitStatus.Network, $"{where} is not supported yet; {fix}");
    }
}
