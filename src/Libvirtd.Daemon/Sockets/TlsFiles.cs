using System.Diagnostics.CodeAnalysis;
using Libvirtd.Daemon.Configuration;
using Libvirtd.Daemon.Hosting;

namespace Libvirtd.Daemon.Sockets;

/// <summary>The certificate files of the TLS service.</summary>
internal static class TlsFiles
{
    /// <summary>Checks that the files are there. It always throws: TLS itself is not built.</summary>
    /// <exception cref="DaemonStartException">What is missing, with its path, and the way out.</exception>
    [DoesNotReturn]
    public static void Require(DaemonSettings settings, DaemonPaths paths)
    {
        (string authority, string certificate, string key) = Find(settings, paths);
        Readable("CA certificate", authority);
        Readable("server certificate", certificate);
        Readable("server key", key);
        throw new DaemonStartException(ExitStatus.Network, $"{settings.Source}: TLS is not supported yet; set listen_tls = 0 to start with --listen");
    }

    private static (string Authority, string Certificate, string Key) Find(DaemonSettings settings, DaemonPaths paths)
    {
        if (settings.KeyFile is not null || settings.CertificateFile is not null || settings.AuthorityFile is not null)
        {
            string key = settings.KeyFile ?? throw Missing("key_file", "server key path");
            string certificate = settings.CertificateFile ?? throw Missing("cert_file", "server certificate path");
            return (settings.AuthorityFile ?? throw Missing("ca_file", "CA certificate path"), certificate, key);
        }
        if (!paths.Privileged)
        {
            string own = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".pki", "libvirt");
            (string Authority, string Certificate, string Key) files =
                (Path.Combine(own, "cacert.pem"), Path.Combine(own, "servercert.pem"), Path.Combine(own, "serverkey.pem"));
            if (File.Exists(files.Authority) && File.Exists(files.Certificate) && File.Exists(files.Key)) return files;
        }
        return ("/etc/pki/CA/cacert.pem", "/etc/pki/libvirt/servercert.pem", "/etc/pki/libvirt/private/serverkey.pem");

        DaemonStartException Missing(string name, string what) => new(ExitStatus.Network,
            $"{settings.Source}: No {what} set to match the other TLS files; {name} has to be set as well");
    }

    private static void Readable(string what, string path)
    {
        string reason;
        try
        {
            using FileStream file = File.OpenRead(path);
            return;
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            reason = "No such file or directory";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            reason = failure.Message;
        }
        throw new DaemonStartException(ExitStatus.Network,
            $"Cannot read {what} '{path}': {reason} (--listen opens the TLS port unless listen_tls = 0)");
    }
}
